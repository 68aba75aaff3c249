/** Times: relative in words, the whole of it on hover. */
import { ago, duration, whole } from '@/lib/time';
import { useNow } from '@/lib/hooks';
import { Tip } from './tip';

export function Ago({ at, className }: { at: string; className?: string }) {
  const time = new Date(at);
  const now = useNow();
  return (
    <Tip text={<Whole time={time} />}>
      <time dateTime={at} className={className}>
        {ago(time, now)}
      </time>
    </Tip>
  );
}

/** Written when it is looked at. */
const Whole = ({ time }: { time: Date }) => whole(time);

/** How long something takes that has not ended. */
export function Elapsed({ since }: { since: string }) {
  const now = useNow(1_000);
  return <>{duration(Math.max(0, now.getTime() - new Date(since).getTime()))}</>;
}
