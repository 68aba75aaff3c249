/** What happens now is asked for again so often, in milliseconds. */
export const AGAIN = 5_000;
