/** Tasks that end when a test says so. */
export class TasksOnCommand<T> {
  readonly list: (() => Promise<T>)[];
  /** Which were begun, in order. */
  readonly begun: number[] = [];
  readonly #ends = new Map<number, { resolve: (result: T) => void; reject: (error: Error) => void }>();

  constructor(count: number) {
    this.list = Array.from({ length: count }, (_, index) => () => {
      this.begun.push(index);
      return new Promise<T>((resolve, reject) => this.#ends.set(index, { resolve, reject }));
    });
  }

  async end(index: number, result: T): Promise<void> {
    this.#ends.get(index)?.resolve(result);
    await everythingElse();
  }

  async fail(index: number, error: Error): Promise<void> {
    this.#ends.get(index)?.reject(error);
    await everythingElse();
  }
}

/** Lets everybody who waits for a promise have their turn. */
async function everythingElse(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
