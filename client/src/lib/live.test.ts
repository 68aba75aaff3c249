import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Live, type Socket } from './live';

interface Sent {
  type: string;
  channels: string[];
  after?: number;
}

class FakeSocket implements Socket {
  sent: Sent[] = [];
  readyState: number = 0;
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  closed = false;

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    this.sent.push(JSON.parse(String(data)) as Sent);
  }

  close(): void {
    this.closed = true;
  }

  opened(): void {
    this.readyState = 1;
    this.onopen?.call(this as unknown as WebSocket, new Event('open'));
  }

  hear(message: object): void {
    this.onmessage?.call(this as unknown as WebSocket, new MessageEvent('message', { data: JSON.stringify(message) }));
  }

  lost(code = 1006): void {
    this.readyState = 3;
    this.onclose?.call(this as unknown as WebSocket, Object.assign(new Event('close'), { code }) as CloseEvent);
  }
}

const sockets: FakeSocket[] = [];
const open = () => {
  const socket = new FakeSocket();
  sockets.push(socket);
  return socket;
};
const socket = (index: number): FakeSocket => {
  const found = sockets[index];
  if (found === undefined) throw new Error(`connection ${index} was not opened`);
  return found;
};

beforeEach(() => {
  sockets.length = 0;
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

describe('the live connection', () => {
  it('sends nothing into a connection that the server is closing', () => {
    const live = new Live(open);
    const leave = live.listen('execution:a', { message: () => {} });
    socket(0).opened();
    const { length } = socket(0).sent;
    socket(0).readyState = 2;
    leave();
    expect(socket(0).sent).toHaveLength(length);
  });

  it('subscribes once it is open, and delivers by channel', () => {
    const live = new Live(open);
    const mine = vi.fn();
    const other = vi.fn();
    live.listen('execution:1', { message: mine, after: () => 0 });
    live.listen('organization:a', { message: other });
    expect(socket(0).sent).toEqual([]);
    socket(0).opened();
    expect(socket(0).sent).toEqual([
      { type: 'subscribe', channels: ['execution:1'], after: 0 },
      { type: 'subscribe', channels: ['organization:a'] },
    ]);
    socket(0).hear({ type: 'execution_log', execution_id: '1', sequence: 1 });
    socket(0).hear({ type: 'history_update', execution_id: '1', organization_id: 'a', executed_by: 'u' });
    expect(mine).toHaveBeenCalledTimes(1);
    expect(other).toHaveBeenCalledTimes(1);
  });

  it('tells of notifications whoever listens to them', () => {
    const live = new Live(open);
    const bell = vi.fn();
    const run = vi.fn();
    live.listen('notification:u', { message: bell });
    live.listen('execution:1', { message: run });
    socket(0).opened();
    socket(0).hear({ type: 'notification', organization_id: 'a', event: 'run_failed' });
    expect(bell).toHaveBeenCalledTimes(1);
    expect(run).not.toHaveBeenCalled();
  });

  it('asks for a log where the one who wants it goes on, whoever else listens', () => {
    const live = new Live(open);
    live.listen('execution:1', { message: () => {} });
    socket(0).opened();
    const leave = live.listen('execution:1', { message: () => {}, after: () => 500 });
    leave();
    live.listen('execution:1', { message: () => {}, after: () => 700 });
    live.listen('execution:1', { message: () => {}, after: () => 600 });
    expect(socket(0).sent.map(({ after }) => after)).toEqual([undefined, 500, 700, 600]);
  });

  it('comes back after a loss, where the log ended, and says so', () => {
    const live = new Live(open);
    let last = 0;
    const resumed = vi.fn();
    live.listen('execution:1', {
      message: (message) => {
        last = Number(message.sequence);
      },
      after: () => last,
      resumed,
    });
    socket(0).opened();
    expect(resumed).not.toHaveBeenCalled();
    socket(0).hear({ type: 'execution_log', execution_id: '1', sequence: 41 });
    socket(0).lost();
    expect(live.state).toBe('broken');
    vi.advanceTimersByTime(600);
    socket(1).opened();
    expect(socket(1).sent).toEqual([{ type: 'subscribe', channels: ['execution:1'], after: 41 }]);
    expect(resumed).toHaveBeenCalledTimes(1);
  });

  it('goes on where the log ended, whoever else listens to the run', () => {
    const live = new Live(open);
    let last = 0;
    live.listen('execution:1', { message: () => {} });
    live.listen('execution:1', { message: () => {}, after: () => last });
    live.listen('execution:1', { message: () => {}, after: () => 9_000 });
    socket(0).opened();
    expect(socket(0).sent).toEqual([{ type: 'subscribe', channels: ['execution:1'], after: 0 }]);
    last = 41;
    socket(0).lost();
    vi.advanceTimersByTime(600);
    socket(1).opened();
    expect(socket(1).sent).toEqual([{ type: 'subscribe', channels: ['execution:1'], after: 41 }]);
  });

  it('waits longer each time, and not at all when one is signed out', () => {
    const live = new Live(open);
    live.listen('organization:a', { message: () => {} });
    socket(0).lost();
    vi.advanceTimersByTime(500);
    socket(1).lost();
    vi.advanceTimersByTime(499);
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(501);
    socket(2).lost(4401);
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(3);
  });

  it('closes when nobody has listened for a while', () => {
    const live = new Live(open);
    const leave = live.listen('organization:a', { message: () => {} });
    socket(0).opened();
    leave();
    expect(socket(0).sent.at(-1)).toEqual({ type: 'unsubscribe', channels: ['organization:a'] });
    expect(socket(0).closed).toBe(false);
    vi.advanceTimersByTime(5_000);
    expect(socket(0).closed).toBe(true);
  });
});
