// Broken if this fails: a reload, another camera or a lost network disturbs a call, or costs what people compared.
import { check, finish, sleep, startServer } from '../interop/server.mjs';
import { Person, launchChromium } from './person.mjs';

const server = await startServer();
const browser = await launchChromium();
const frames = async (person) => (await person.media()).frames;
const grows = async (person, what) => {
  const before = await frames(person);
  for (let i = 0; i < 50 && (await frames(person)) < before + 10; i++) await sleep(200);
  check((await frames(person)) >= before + 10, what);
};

try {
  const ada = await Person.come(browser, server, 'Ada');
  const link = await ada.link();
  const bob = await Person.come(browser, server, 'Bob', { link });
  for (const person of [ada, bob]) {
    await person.seesAndHears(1);
    await person.badgeIs('outline');
  }
  for (const [who, other] of [[ada, bob], [bob, ada]]) {
    await who.page.evaluate((leaf) => window.__v100test.call.crypto.confirm(leaf), await other.leaf());
    await who.badgeIs('green');
  }

  // ---- Another camera ----
  const camera = () => bob.read((c) => c.devices.video.peek()?.label);
  const was = await camera();
  await bob.page.getByTestId('more').click();
  await bob.page.getByTestId('open-settings').click();
  const cameras = bob.page.getByTestId('cameras');
  // The second of Chromium's fake cameras sends depths (Y16), which nothing shows.
  const other = (await cameras.locator('option').allTextContents()).filter((label) => label !== was).at(-1);
  await cameras.selectOption({ label: other });
  await bob.until(new Function('c', `return c.devices.video.peek()?.label === ${JSON.stringify(other)}`), 'the other camera');
  await grows(ada, 'another camera is seen at once');
  await bob.badgeIs('green');

  // ---- Bob reloads: the same device, so nobody compares again; no ghost stays ----
  const leaf = await bob.leaf();
  await bob.page.reload();
  await bob.page.getByTestId('join').click();
  await bob.until((c) => c.phase.peek().at === 'in', 'is in the call again');
  await bob.seesAndHears(1);
  check((await bob.leaf()) !== leaf, 'a reload makes a new leaf: fresh secrets');
  await ada.until((c) => c.participants.peek().filter((p) => p.accepted).length === 2, 'no ghost stays');
  for (const person of [ada, bob]) await person.badgeIs('green', 20000);
  check(true, 'after a reload both badges are green again: codes stay compared');
  await grows(ada, 'after a reload the picture goes on');

  // ---- The network is away for three seconds ----
  await bob.context.setOffline(true);
  await bob.page.evaluate(() => window.__v100test.call.cut());
  await sleep(3000);
  await bob.context.setOffline(false);
  await bob.until((c) => !c.reconnecting.peek() && c.phase.peek().at === 'in', 'reconnected');
  await grows(ada, 'after a lost network the picture goes on');
  await grows(bob, 'both ways');
  for (const person of [ada, bob]) await person.badgeIs('green', 20000);
  check((await ada.people()).length === 2, 'nobody has gone');
  for (const person of [ada, bob]) check(person.errors.length === 0, `no script error at ${person.name}: ${person.errors}`);
} catch (error) {
  check(false, error.stack);
  if (process.env.V100_TEST_VERBOSE) console.log(server.log());
}
await browser.close();
check((await server.stop()) === 0, 'the server drains');
finish();
