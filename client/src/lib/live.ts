/** The live connection: one WebSocket for the page, opened when somebody listens, opened
 *  again when it breaks. Log channels go on after the last line that was seen. */

/** A message of the server; its other members depend on its type. */
export interface LiveMessage {
  type: string;
  channel?: string;
  execution_id?: string;
  [member: string]: unknown;
}

export interface Listener {
  /** Where an execution's log goes on; absent for whoever wants no log. */
  after?: () => number;
  /** A message of the channel. */
  message: (message: LiveMessage) => void;
  /** The connection is there again: something may have been missed. */
  resumed?: () => void;
}

/** Whether the connection stands. */
export type LiveState = 'idle' | 'connecting' | 'open' | 'broken';

/** The part of `WebSocket` that is used; tests give their own. */
export type Socket = Pick<WebSocket, 'send' | 'close' | 'readyState' | 'onopen' | 'onmessage' | 'onclose'>;

/** First wait before another attempt, in milliseconds; it doubles. */
const FIRST_WAIT = 500;
/** Longest wait, in milliseconds. */
const LONGEST_WAIT = 15_000;
/** An unused connection is kept for so long, in milliseconds: the next page wants one too. */
const LINGER = 5_000;
/** `WebSocket.OPEN`. */
const OPEN = 1;
/** Close code: signed out. */
const UNAUTHENTICATED = 4401;

export class Live {
  private socket: Socket | undefined;
  private readonly channels = new Map<string, Set<Listener>>();
  private readonly watchers = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT;
  private wasOpen = false;
  private current: LiveState = 'idle';
  private readonly open: () => Socket;

  constructor(open: () => Socket) {
    this.open = open;
  }

  get state(): LiveState {
    return this.current;
  }

  /** Calls back when the state changes. */
  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  /** Listens to a channel until the returned function is called. */
  listen(channel: string, listener: Listener): () => void {
    const listeners = this.channels.get(channel) ?? new Set();
    listeners.add(listener);
    this.channels.set(channel, listeners);
    clearTimeout(this.timer);
    if (this.current === 'open') this.subscribe(channel);
    else if (this.current !== 'connecting') this.connect();
    return () => this.leave(channel, listener);
  }

  /** Closes the connection; who listens is connected anew, for instance for another organization. */
  restart(): void {
    this.drop();
    this.wasOpen = false;
    if (this.channels.size > 0) this.connect();
  }

  private leave(channel: string, listener: Listener): void {
    const listeners = this.channels.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.channels.delete(channel);
    if (this.current === 'open') this.send({ type: 'unsubscribe', channels: [channel] });
    if (this.channels.size === 0) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.drop(), LINGER);
    }
  }

  private connect(): void {
    clearTimeout(this.timer);
    this.become('connecting');
    const socket = this.open();
    this.socket = socket;
    socket.onopen = () => {
      if (this.socket !== socket) return;
      this.wait = FIRST_WAIT;
      this.become('open');
      for (const channel of this.channels.keys()) this.subscribe(channel);
      if (this.wasOpen) for (const listener of this.listeners()) listener.resumed?.();
      this.wasOpen = true;
    };
    socket.onmessage = (event) => {
      if (this.socket === socket) this.deliver(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.broken(event.code);
    };
  }

  private broken(code: number): void {
    this.socket = undefined;
    this.become('broken');
    if (code === UNAUTHENTICATED || this.channels.size === 0) return;
    // Half of the wait is by chance, so that not all pages come back in the same moment.
    const wait = this.wait / 2 + (Math.random() * this.wait) / 2;
    this.timer = setTimeout(() => this.connect(), wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  private drop(): void {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
    this.become('idle');
  }

  private subscribe(channel: string): void {
    const starts = [...(this.channels.get(channel) ?? [])].flatMap(({ after }) => after?.() ?? []);
    const after = starts.length === 0 ? {} : { after: Math.min(...starts) };
    this.send({ type: 'subscribe', channels: [channel], ...after });
  }

  private send(message: object): void {
    // One that the server is closing says so only later, and complains about what it is given.
    if (this.socket?.readyState === OPEN) this.socket.send(JSON.stringify(message));
  }

  private deliver(data: unknown): void {
    const message = typeof data === 'string' ? (JSON.parse(data) as LiveMessage) : undefined;
    if (message === undefined) return;
    for (const channel of channelsOf(message, this.channels.keys())) {
      for (const listener of this.channels.get(channel) ?? []) listener.message(message);
    }
  }

  private listeners(): Listener[] {
    return [...this.channels.values()].flatMap((listeners) => [...listeners]);
  }

  private become(state: LiveState): void {
    this.current = state;
    for (const watcher of this.watchers) watcher();
  }
}

/** The channels that a message can be of: it says what it is about, not what it came through. */
function channelsOf(message: LiveMessage, listened: Iterable<string>): string[] {
  if (message.type === 'history_update') {
    const { executed_by: user, organization_id: organization } = message;
    return [`history:user:${String(user)}`, `organization:${String(organization)}`, 'history:GLOBAL'];
  }
  // The server knows whose connection it is.
  if (message.type === 'notification') return [...listened].filter((channel) => channel.startsWith('notification:'));
  if (message.channel !== undefined) return [message.channel];
  return message.execution_id === undefined ? [] : [`execution:${message.execution_id}`];
}
