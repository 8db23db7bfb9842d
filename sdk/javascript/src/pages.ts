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
 * begins anew. `pages()` gives whole pages. It goes by cursor, so that what stays in the list comes once
 * even while the list changes; with `page` in the filters, by numbers from there.
 */
export class Pages<T> implements AsyncIterable<T> {
  readonly #load: (place: object) => Promise<Page<T>>;
  readonly #page: number | undefined;

  /** @internal */
  constructor(transport: Transport, path: string, filters: { page?: number } & object, options?: CallOptions) {
    this.#load = async (place) => {
      const query = { ...filters, ...place };
      const { data, meta } = await transport.reply<Envelope<T>>({ method: "GET", path, query, options });
      return { data, pagination: meta.pagination };
    };
    this.#page = filters.page;
  }

  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    let page = this.#page;
    let cursor: string | null | undefined = "";
    for (;;) {
      const loaded = await this.#load(page === undefined ? { cursor } : { page: page++ });
      yield loaded;
      const { next, next_cursor } = loaded.pagination.links;
      cursor = next_cursor;
      if (page === undefined ? !cursor : !next) return;
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
