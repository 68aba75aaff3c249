/** The unsaved work of one workspace, in memory and in the browser, the same in all its windows. */
import { patched, type Edit, type Edits, type Patch } from './edits';
import type { Kept } from './keep';

/** So long after a change it is written down, in milliseconds. */
const PAUSE = 200;

/** Where a store writes. */
export interface Keeper {
  read: (workspace: string) => Promise<Kept>;
  write: (workspace: string, edits: ReadonlyMap<string, Edit | undefined>, version: number) => Promise<void>;
}

/** What windows tell each other. */
export interface Channel {
  postMessage: (message: unknown) => void;
  onmessage: ((event: MessageEvent<unknown>) => void) | null;
  close: () => void;
}

/** What a store holds; another object after every change. */
export interface Work {
  edits: Edits;
  /** Number of the version that the edits were last compared with; 0 before the first deploy. */
  version: number | undefined;
  /** What kept the browser from writing it down. */
  problem: unknown;
}

export class Store {
  private work: Work = { edits: new Map(), version: undefined, problem: undefined };
  private readonly listeners = new Set<() => void>();
  private readonly unwritten = new Map<string, Edit | undefined>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly workspace: string;
  private readonly keeper: Keeper;
  private readonly channel: Channel;

  private constructor(workspace: string, keeper: Keeper, channel: Channel) {
    this.workspace = workspace;
    this.keeper = keeper;
    this.channel = channel;
    channel.onmessage = ({ data }) => {
      if (data === workspace) void this.refresh();
    };
  }

  /** Opens the work on a workspace. Without a browser that keeps it, it lives as long as the page. */
  static async open(workspace: string, keeper: Keeper, channel: Channel): Promise<Store> {
    const store = new Store(workspace, keeper, channel);
    await store.refresh();
    return store;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): Work => this.work;

  /** Changes edits. */
  apply(patch: Patch): void {
    if (patch.size === 0) return;
    for (const [path, edit] of patch) this.unwritten.set(path, edit);
    this.become({ edits: patched(this.work.edits, patch) });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), PAUSE);
  }

  /** Notes the version that the edits fit to. */
  fits(version: number): void {
    if (this.work.version === version) return;
    this.become({ version });
    void this.flush(true);
  }

  /** Writes down what is not yet. */
  async flush(always = false): Promise<void> {
    clearTimeout(this.timer);
    if (this.unwritten.size === 0 && !always) return;
    const edits = new Map(this.unwritten);
    this.unwritten.clear();
    try {
      await this.keeper.write(this.workspace, edits, this.work.version ?? 0);
      if (this.work.problem !== undefined) this.become({ problem: undefined });
      this.channel.postMessage(this.workspace);
    } catch (problem) {
      // It is tried again with the next change.
      for (const [path, edit] of edits) if (!this.unwritten.has(path)) this.unwritten.set(path, edit);
      this.become({ problem });
    }
  }

  /** Ends it; what is not written down yet is. */
  close(): void {
    void this.flush().finally(() => this.channel.close());
  }

  /** Takes what another window has written; what this one has not yet stays as it is here. */
  private async refresh(): Promise<void> {
    try {
      const { version, edits } = await this.keeper.read(this.workspace);
      this.become({ edits: patched(edits, this.unwritten), version });
    } catch (problem) {
      this.become({ problem });
    }
  }

  private become(change: Partial<Work>): void {
    this.work = { ...this.work, ...change };
    for (const listener of this.listeners) listener();
  }
}
