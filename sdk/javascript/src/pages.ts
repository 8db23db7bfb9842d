// Lists that come page by page.
import type { CallOptions } from "./options.js";
import type { Transport } from "./transport.js";
import type { Pagination } from "./types.js";

export interface Page<T> {
  data: T[];
  pagination: Pagination;
}

interface Envelope<T> {
  data: T[];
  meta: { pagination: Pagination };
}

/**
 * A list. `for await` gives its items, and asks for a page when the one before is used up; each loop
 * begins anew. `pages()` gives whole pages.
 */
export class Pages<T> implements AsyncIterable<T> {
  readonly #load: (place: object) => Promise<Page<T>>;
  readonly #byCursor: boolean;
  readonly #begin: number;

  /** `byCursor`: whether the list has cursors, by which files come once even while the list changes. */
  constructor(transport: Transport, path: string, filters: { page?: number } & object, byCursor: boolean, options?: CallOptions) {
    this.#load = async (place) => {
      const query = { ...filters, ...place };
      const { data, meta } = await transport.reply<Envelope<T>>({ method: "GET", path, query, options });
      return { data, pagination: meta.pagination };
    };
    this.#byCursor = byCursor && filters.page === undefined;
    this.#begin = filters.page ?? 1;
  }

  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    let cursor: string | null | undefined = "";
    for (let page = this.#begin; ; page++) {
      const loaded = await this.#load(this.#byCursor ? { cursor } : { page });
      yield loaded;
      cursor = loaded.pagination.links.next_cursor;
      if (this.#byCursor ? !cursor : !loaded.pagination.links.next) return;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page.data;
  }

  /** The first page: some items, and how many there are. */
  async first(): Promise<Page<T>> {
    for await (const page of this.pages()) return page;
    throw new Error("a list has at least one page");
  }

  /** All items, or the first `limit` of them. */
  async toArray(limit = Infinity): Promise<T[]> {
    const items: T[] = [];
    if (limit > 0) {
      for await (const item of this) if (items.push(item) >= limit) break;
    }
    return items;
  }
}
