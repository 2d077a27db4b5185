// A person in a call: a browser page of its own (own storage, own device key), driven by what a person
// would click, watched through the page's own call state (`?test=1`).
import { createRequire } from 'node:module';
import { firefoxPrefs } from '../interop/lib.mjs';
import { sleep } from '../interop/server.mjs';

// Installed with the web client's tools.
const web = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = web('playwright-core');

// Every page encodes three sizes and decodes everybody in software: at the camera's usual 30 a second, four pages
// want eight cores.
const FPS = 8;

export async function launchChromium() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--no-proxy-server', '--allow-loopback-in-peer-connection',
      '--use-fake-ui-for-media-stream', `--use-fake-device-for-media-stream=fps=${FPS},device-count=4`, '--auto-select-desktop-capture-source=Entire screen',
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
}

/** Firefox, in the words of the other driver, as far as Person uses them. */
export async function launchFirefox() {
  const driver = web('puppeteer-core').default ?? web('puppeteer-core');
  const browser = await driver.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    acceptInsecureCerts: true,
    extraPrefsFirefox: firefoxPrefs,
  });
  return {
    async newContext() {
      const context = await browser.createBrowserContext();
      return { newPage: async () => spoken(await context.newPage()), close: () => context.close() };
    },
    close: () => browser.close(),
  };
}

function spoken(page) {
  page.getByTestId = (id) => page.locator(`[data-testid=${id}]`);
  const locator = page.locator.bind(page);
  page.locator = (selector) => {
    const found = locator(selector);
    found.getByTestId = (id) => page.locator(`${selector} [data-testid=${id}]`);
    found.check = found.click;
    found.isVisible = async () => (await page.$(selector))?.isVisible() ?? false;
    return found;
  };
  return page;
}

export class Person {
  /** `link`: where the invite leads; without it a room is made. */
  static async come(browser, server, name, { link, lobby = false, join = true, wait = join } = {}) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1000, height: 700 } });
    const person = new Person();
    person.name = name;
    person.context = context;
    person.page = await context.newPage();
    person.errors = [];
    person.page.on('pageerror', (error) => person.errors.push(String(error)));
    const origin = `https://localhost:${server.port}`;
    if (link) {
      await person.page.goto(link.replace('#', '?test=1#'));
    } else {
      await person.page.goto(`${origin}/?test=1`);
      if (lobby) await person.page.getByTestId('lobby').check();
      await person.page.getByTestId('create').click();
    }
    await person.page.getByTestId('name').fill(name);
    if (join) await person.page.getByTestId('join').click();
    if (wait) await person.until((c) => c.phase.peek().at === 'in', 'is in the call');
    return person;
  }

  /** What `read`, a function of the page's Call, gives. */
  read(read) {
    const source = `(() => { const call = window.__v100test?.call; return call ? (${read})(call) : null; })()`;
    return this.page.evaluate(source)
      .catch((error) => { if (/navigation|closed|destroyed|discarded/i.test(String(error))) return null; throw error; });
  }

  async until(condition, what, ms = 30000) {
    const begin = Date.now();
    while (Date.now() - begin < ms) {
      if (await this.read(condition)) return Date.now() - begin;
      await sleep(100);
    }
    throw new Error(`${this.name}: not within ${ms} ms: ${what}; badge ${JSON.stringify(await this.badge())}`);
  }

  badge() {
    return this.read((c) => { const b = c.badge.peek(); return { state: b.state, reasons: b.reasons.map((r) => r.code) }; });
  }
  link() { return this.read((c) => c.invite); }
  leaf() { return this.read((c) => c.me.peek()); }
  people() {
    return this.read((c) => c.participants.peek().filter((p) => p.accepted).map((p) => p.name).sort());
  }
  /** Frames decoded and audio energy of what comes in, by member and track. */
  media() {
    return this.read(async (c) => {
      const out = { frames: 0, energy: 0, packets: 0 };
      (await c.connection?.getStats())?.forEach((s) => {
        if (s.type !== 'inbound-rtp') return;
        out.packets += s.packetsReceived;
        if (s.kind === 'video') out.frames += s.framesDecoded ?? 0;
        else out.energy += s.totalAudioEnergy ?? 0;
      });
      return out;
    });
  }
  security() {
    return this.read((c) => c.badge.peek().participants);
  }
  /** Waits until frames and sound of `others` people come in. */
  async seesAndHears(others, ms = 40000) {
    const begin = Date.now();
    let last;
    while (Date.now() - begin < ms) {
      last = await this.read(async (c) => {
        let video = 0, audio = 0;
        (await c.connection?.getStats())?.forEach((s) => {
          if (s.type !== 'inbound-rtp') return;
          if (s.kind === 'video' && s.framesDecoded > 5) video++;
          if (s.kind === 'audio' && s.totalAudioEnergy > 0) audio++;
        });
        return { video, audio };
      });
      if (last && last.video >= others && last.audio >= others) return Date.now() - begin;
      await sleep(200);
    }
    throw new Error(`${this.name}: sees and hears ${JSON.stringify(last)} of ${others}; badge ${JSON.stringify(await this.badge())}; ${this.errors}`);
  }
  async badgeIs(state, ms = 15000) {
    return this.until(new Function('c', `return c.badge.peek().state === ${JSON.stringify(state)}`), `badge ${state}`, ms);
  }
  code(leaf) {
    return this.page.evaluate((leaf) => window.__v100test.call.crypto.code(leaf), leaf);
  }
  /** As two people would: opens the panel, and says that the other's digits match. */
  async compare(other) {
    await this.page.getByTestId('badge').click();
    const card = this.page.locator(`[data-testid=key-card][data-leaf="${await other.leaf()}"]`);
    await card.getByTestId('compare').click();
    await card.getByTestId('match').click();
    await this.badgeIs('green');
  }
  /** The epoch under which this person sends. */
  epoch() {
    return this.read((c) => c.badge.peek().participants.find((p) => p.leafId === c.me.peek()).epoch);
  }
  epochAfter(old) {
    return this.until(new Function('c', `return c.badge.peek().participants.find((p) => p.leafId === c.me.peek()).epoch > ${old}`), 'a new epoch');
  }
  async leave() {
    await this.page.getByTestId('leave').click();
    const only = this.page.getByTestId('leave-only');
    if (await only.isVisible().catch(() => false)) await only.click();
    await this.until((c) => c.phase.peek().at === 'over', 'has left');
  }
  stop() { return this.context.close(); }
}
