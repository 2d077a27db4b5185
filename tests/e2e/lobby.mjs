// Broken if this fails: who may come in, who may speak, who must go: lobby, lock, mute, remove, end.
import { check, finish, sleep, startServer } from '../interop/server.mjs';
import { Person, launchChromium } from './person.mjs';

const server = await startServer();
const browser = await launchChromium();
const over = (why) => new Function('c', `const p = c.phase.peek(); return p.at === 'over' && p.why === ${JSON.stringify(why)}`);

try {
  const host = await Person.come(browser, server, 'Host', { lobby: true });
  const link = await host.link();
  const guest = await Person.come(browser, server, 'Guest', { link, wait: false });
  await guest.until((c) => c.phase.peek().at === 'lobby', 'waits in the lobby');
  await host.until((c) => c.lobby.peek().length === 1 && c.lobby.peek()[0].invited, 'the knock');
  check(true, 'a guest waits in the lobby, and the host sees that it was invited');
  await host.page.evaluate(() => { const c = window.__v100test.call; return c.crypto.admit(c.lobby.peek()[0].leafId); });
  await guest.until((c) => c.phase.peek().at === 'in', 'admitted');
  await guest.seesAndHears(1);
  await host.badgeIs('outline');
  await guest.badgeIs('outline');
  check(true, 'admitted by a signed statement, in the call');

  const second = await Person.come(browser, server, 'Second', { link, wait: false });
  await host.until((c) => c.lobby.peek().length === 1, 'the second knock');
  await host.page.evaluate(() => { const c = window.__v100test.call; return c.crypto.remove(c.lobby.peek()[0].leafId); });
  await second.until((c) => c.phase.peek().at === 'over', 'refused');
  check(true, 'a guest can be refused');

  await host.page.evaluate(() => { const c = window.__v100test.call; return c.crypto.setPolicy({ lobby: false, locked: true }); });
  await guest.until((c) => c.policy.peek().locked, 'locked');
  const third = await Person.come(browser, server, 'Third', { link, join: false });
  await third.page.getByText('The host has locked this room.').waitFor();
  check(await third.page.getByTestId('join').isDisabled(), 'a locked room takes nobody in, and says so at the door');
  await host.page.evaluate(() => { const c = window.__v100test.call; return c.crypto.setPolicy({ lobby: false, locked: false }); });
  await guest.until((c) => !c.policy.peek().locked, 'unlocked');
  await third.page.locator('[data-testid=join]:enabled').waitFor();
  await third.stop();
  check(true, 'once it is open again, the door opens by itself');

  const fourth = await Person.come(browser, server, 'Fourth', { link });
  await fourth.seesAndHears(2);
  await host.page.evaluate((leaf) => window.__v100test.call.crypto.askToMute(leaf, 1), await fourth.leaf());
  await host.until((c) => c.participants.peek().some((p) => p.name === 'Fourth' && p.muted.includes(1)), 'muted on request');
  check(true, 'the host can mute');
  const heard = (leaf) => host.page.evaluate(async (who) => {
    let energy = 0;
    const track = window.__v100test.call.streams.peek().get(`${who}/1`)?.getTracks()[0].id;
    (await window.__v100test.call.connection.getStats()).forEach((s) => {
      if (s.type === 'inbound-rtp' && s.trackIdentifier === track) energy = s.packetsReceived;
    });
    return energy;
  }, leaf);
  const loud = await fourth.leaf();
  await sleep(1000);
  const held = await heard(loud);
  await sleep(1500);
  check((await heard(loud)) === held && held > 0, 'the server holds a muted track back');
  await fourth.page.getByTestId('mic').click();
  for (let i = 0; i < 100 && (await heard(loud)) < held + 20; ++i) await sleep(100);
  check((await heard(loud)) >= held + 20, 'until its owner turns it on again');
  await host.page.evaluate((leaf) => window.__v100test.call.crypto.remove(leaf), await fourth.leaf());
  await fourth.until((c) => c.phase.peek().at === 'over', 'removed');
  await host.until((c) => c.participants.peek().filter((p) => p.accepted).length === 2, 'gone from the roster');
  check(true, 'the host can remove');

  await host.page.evaluate(() => window.__v100test.call.crypto.end());
  await guest.until(over('ended'), 'ended for all');
  check(true, 'the host can end the call for all');
} catch (error) {
  check(false, error.stack);
}
await browser.close();
check((await server.stop()) === 0, 'the server drains');
finish();
