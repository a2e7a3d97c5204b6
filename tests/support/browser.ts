/** Chromium for the tests of the page, and what must never happen in it. @module */

import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { testUnless } from "./optional.ts";

/** What a test does with a browser. */
export interface Browsing {
  /** Open an address in a context of its own: no cookies, no storage. */
  open(url: string, options?: BrowserContextOptions): Promise<Page>;
  /** Keep what the page looks like as `tests/screenshots/NAME.png`, for people to look at. */
  keep(page: Page, name: string): Promise<void>;
}

/** Where screenshots go. */
const SCREENSHOTS = new URL("../screenshots/", import.meta.url).pathname;
const NAMES = ["chromium", "chromium-browser", "google-chrome"];
/** The page asks a server that is gone, or is going at the end of a test. */
const SERVER_GONE =
  /^WebSocket connection to '[^']*\/feed' failed: |^Failed to load resource: (net::ERR_(CONNECTION|EMPTY)_|.* 503 )/;
/** Chromium talks to nobody but the page's server. As root it can't have its sandbox. */
const ARGUMENTS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
  ...Deno.build.os === "linux" && Deno.uid() === 0 ? ["--no-sandbox"] : [],
];

/**
 * Make the function that declares a file's tests in the browser, where there is Chromium: they share one, which is
 * started by the first. A test fails if the console had an error or a warning, but for a server that is gone, or if the
 * page asked for anything from elsewhere.
 */
export function browserTests(): (name: string, fn: (browsing: Browsing) => Promise<void>) => void {
  const chromium = findChromium();
  const reason = chromium === undefined ? `no Chromium: none of ${NAMES.join(", ")} is in PATH` : undefined;
  let browser: Promise<Browser> | undefined;
  Deno.test.afterAll(async () => await (await browser)?.close());

  return (name, fn) => {
    const run = async () => await browse(await (browser ??= launch(chromium!)), name, fn); // ignored without one
    // The browser outlives the test that started it, and so does the pipe to it.
    testUnless(reason, name, run, { sanitizeOps: false, sanitizeResources: false });
  };
}

async function launch(executablePath: string): Promise<Browser> {
  // Playwright looks whether this is Windows' Linux when it is loaded, in files that Deno shows only to programs with
  // every permission; this variable, made for that look's own tests, puts it off.
  Deno.env.set("__IS_WSL_TEST__", "true");
  const { chromium } = await import("playwright-core");
  return await chromium.launch({ executablePath, args: ARGUMENTS });
}

async function browse(browser: Browser, name: string, fn: (browsing: Browsing) => Promise<void>): Promise<void> {
  const complaints: string[] = [];
  const pages: Page[] = [];
  const browsing: Browsing = {
    async open(url, options) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      pages.push(page);
      page.on("pageerror", (error) => complaints.push(`uncaught: ${error.stack}`));
      page.on("console", (message) => {
        const isBad = message.type() === "error" || message.type() === "warning";
        if (isBad && !SERVER_GONE.test(message.text())) complaints.push(`${message.type()}: ${message.text()}`);
      });
      page.on("request", (request) => {
        if (new URL(request.url()).host !== new URL(url).host) complaints.push(`asked for ${request.url()}`);
      });
      page.on("websocket", (socket) => {
        if (new URL(socket.url()).host !== new URL(url).host) complaints.push(`connected to ${socket.url()}`);
      });
      await page.goto(url);
      return page;
    },
    async keep(page, screenshot) {
      await page.screenshot({ path: `${SCREENSHOTS}${screenshot}.png`, fullPage: true });
    },
  };
  try {
    await fn(browsing);
  } catch (error) {
    for (const [number, page] of pages.entries()) {
      await browsing.keep(page, `failed: ${name.replaceAll("/", "_")} ${number + 1}`);
    }
    if (complaints.length > 0) console.error(complaints.join("\n"));
    throw error;
  } finally {
    await Promise.all(pages.map((page) => page.context().close()));
  }
  if (complaints.length > 0) throw new Error(`In the browser:\n${complaints.join("\n")}`);
}

function findChromium(): string | undefined {
  const folders = Deno.env.get("PATH")?.split(":") ?? [];
  return NAMES.flatMap((name) => folders.map((folder) => `${folder}/${name}`)).find(isFile);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
