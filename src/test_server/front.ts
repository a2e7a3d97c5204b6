/** The front of the test server: lets requests in, and hands each to the part that answers it. @module */

import type { ApiOptions } from "./api/context.ts";
import { respondToApi } from "./api/routes.ts";
import { attend, type Client, type ConnectionOptions } from "./connection.ts";
import type { FeedPath } from "./feed.ts";
import { hasBearer, isHandshake, refuseForeign } from "./guard.ts";
import { text } from "./http.ts";
import { respondWithPage } from "./page.ts";
import { attendPage } from "./page_connection.ts";
import type { Connection } from "./socket.ts";

/** The parts that requests are handed to. */
export interface FrontOptions extends ConnectionOptions, ApiOptions {
  /** Where the server listens. */
  readonly hostname: string;
  /** `ws://localhost:8080`; known only once the server listens. */
  readonly url: () => string;
}

/** The connections, and the answers to requests. */
export interface Front {
  respond(request: Request): Promise<Response>;
  /** By number, longest connected first. */
  readonly clients: ReadonlyMap<number, Client>;
  /** Clients and pages. */
  connections(): readonly Connection[];
}

const FEED_PATH: FeedPath = "/feed";

/** Nobody is connected yet. */
export function openFront(options: FrontOptions): Front {
  return new GuardedFront(options);
}

class GuardedFront implements Front {
  readonly clients = new Map<number, Client>();
  readonly #options: FrontOptions;
  readonly #pages = new Set<Connection>();
  #opened = 0;

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  connections(): readonly Connection[] {
    return [...this.clients.values(), ...this.#pages];
  }

  async respond(request: Request): Promise<Response> {
    const { stopping, url } = this.#options;
    if (stopping.aborted) return text(503, "The server is stopping.");
    const refusal = refuseForeign(request, this.#options);
    if (refusal) return text(refusal.status, refusal.reason);
    const { pathname } = new URL(request.url);
    if (isHandshake(request)) return this.#welcome(request, pathname);
    const answer = await respondToApi(request, this.#options);
    if (answer) return answer;
    // A client that does not ask for HTML, such as curl, gets a line of text.
    if (pathname !== "/" || request.headers.get("accept")?.includes("text/html")) {
      const page = await respondWithPage(request);
      if (page) return page;
    }
    if (pathname !== "/") return text(404, "Nothing here. See /");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return text(405, "Only GET works here.", { allow: "GET, HEAD" });
    }
    const what = "A WebSocket server to try agents with. Open it in a browser, or start an agent with";
    return text(200, `${what} WEBSOCKET_URL=${url()}`);
  }

  #welcome(request: Request, pathname: string): Response {
    const isFull = this.#refuseCrowd();
    if (isFull !== undefined) return text(503, `${isFull}. Try again later.`, { "retry-after": "5" });
    const mayAsk = hasBearer(request, this.#options.token); // the upgrade takes the headers away
    let upgrade: Deno.WebSocketUpgrade;
    try {
      upgrade = Deno.upgradeWebSocket(request);
    } catch (error) {
      if (error instanceof TypeError) return text(400, `Not a WebSocket handshake: ${error.message}`);
      throw error;
    }
    if (pathname === FEED_PATH) {
      const page = attendPage(upgrade.socket, this.#options);
      this.#pages.add(page);
      page.ended.finally(() => this.#pages.delete(page));
    } else {
      const number = this.#opened++;
      const client = attend(upgrade.socket, { ...this.#options, number, mayAsk });
      this.clients.set(number, client);
      client.ended.finally(() => this.clients.delete(number));
    }
    return upgrade.response;
  }

  /** Why one more connection can't be taken on, if it can't. */
  #refuseCrowd(): string | undefined {
    const { connections: most, unauthenticated: mostUnauthenticated } = this.#options.limits;
    const connections = this.connections();
    if (connections.length >= most) return `The limit of ${most} connections is reached`;
    const unauthenticated = connections.filter(({ isUnauthenticated }) => isUnauthenticated).length;
    if (unauthenticated >= mostUnauthenticated) {
      return `The limit of ${mostUnauthenticated} connections that have not authenticated is reached`;
    }
  }
}
