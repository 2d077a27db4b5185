// Broken if this fails: a newcomer opens what was said before it came, or one who was removed opens what is said
// after. Frames are sealed and opened by the pages' own crypto workers, kept aside and handed over later, as a
// server would that keeps what it forwards.
import { check, finish, startServer } from '../interop/server.mjs';
import { Person, launchChromium } from './person.mjs';

const server = await startServer();
const browser = await launchChromium();

// One frame of sound through the worker's transform: what comes out, in hexadecimal; '' when it was dropped.
const through = (person, options, hex) =>
  person.page.workers()[0].evaluate(async ([options, hex]) => {
    const data = Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16)).buffer;
    const frame = { data, getMetadata: () => ({ mimeType: 'audio/opus' }) };
    let out = '';
    const readable = new ReadableStream({ start(c) { c.enqueue(frame); c.close(); } });
    const done = new Promise((over) => {
      const writable = new WritableStream({
        write(f) { out = [...new Uint8Array(f.data)].map((b) => b.toString(16).padStart(2, '0')).join(''); },
        close: over,
        abort: over,
      });
      self.onrtctransform({ transformer: { readable, writable, options } });
    });
    await done;
    return out;
  }, [options, hex]);
const seal = (person, hex) => through(person, { id: 90001, direction: 'send', track: 1, leafId: '' }, hex);
const open = async (person, from, hex) =>
  through(person, { id: 90002, direction: 'receive', track: 1, leafId: await from.leaf() }, hex);
const said = '78aabbccddeeff00112233445566778899';

try {
  const ada = await Person.come(browser, server, 'Ada');
  const link = await ada.link();
  const bob = await Person.come(browser, server, 'Bob', { link });
  for (const person of [ada, bob]) {
    await person.seesAndHears(1);
    await person.badgeIs('outline');
  }
  const before = await seal(ada, said);
  check(before.length > said.length && !before.includes(said), 'a frame is sealed');
  check((await open(bob, ada, before)) === said, 'who is in the call opens it');
  check((await open(bob, ada, before)) === '', 'once, not twice');

  const kept = await seal(ada, said);
  const old = await ada.epoch();
  const eve = await Person.come(browser, server, 'Eve', { link });
  await eve.seesAndHears(2);
  await ada.epochAfter(old);
  check((await open(eve, ada, await seal(ada, said))) === said, 'a newcomer opens what is said now');
  check((await open(eve, ada, kept)) === '', 'a newcomer does not open what was said before it came');

  // Bob's page hears nothing of his removal: it keeps all the keys it has, as a dishonest one would.
  const last = await ada.epoch();
  await bob.context.setOffline(true);
  await bob.page.evaluate(() => { window.__v100test.call.cut(); });
  await ada.page.evaluate((leaf) => window.__v100test.call.crypto.remove(leaf), await bob.leaf());
  await ada.epochAfter(last);
  const after = await seal(ada, said);
  check((await open(eve, ada, after)) === said, 'those who stay open what is said after');
  check((await bob.read((c) => c.phase.peek().at)) === 'in', 'the removed page still has its keys');
  check((await open(bob, ada, after)) === '', 'and opens nothing that is said after');
} catch (error) {
  check(false, error.stack);
}
await browser.close();
check((await server.stop()) === 0, 'the server drains');
finish();
