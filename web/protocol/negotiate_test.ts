// Broken if this fails: offers collide or a change of lines is lost, and somebody is not seen or
// heard.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANSWER_TIMEOUT_MS, Negotiation } from './negotiate.ts';

const offer = (n: number, restart = false) => [{ do: 'offer', n, restart }];

test('changes while an offer is out go together into the next', () => {
  const t = new Negotiation();
  assert.deepEqual(t.change(0), [], 'not before the socket is up');
  assert.deepEqual(t.socketUp(0), offer(1));
  assert.deepEqual(t.change(1), []);
  assert.deepEqual(t.change(2), []);
  assert.deepEqual(t.answer(1), [{ do: 'apply', n: 1 }]);
  assert.deepEqual(t.applied(1, true, 3), offer(2));
  assert.deepEqual(t.answer(2), [{ do: 'apply', n: 2 }]);
  assert.deepEqual(t.applied(2, true, 4), []);
});

test('only the answer that is waited for is applied', () => {
  const t = new Negotiation();
  t.socketUp(0);
  t.change(0);
  assert.deepEqual(t.answer(7), []);
  assert.deepEqual(t.answer(0), []);
  assert.equal(t.outstanding, 1);
});

test('an offer cut off by the socket is made again, with what changed meanwhile', () => {
  const t = new Negotiation();
  t.socketUp(0);
  t.change(0);
  t.socketDown();
  assert.deepEqual(t.change(1), []);
  assert.deepEqual(t.socketUp(2), offer(2));
  assert.deepEqual(t.answer(1), [], 'the old answer is stale');
});

test('a restart is kept until it can be offered, and is offered once', () => {
  const t = new Negotiation();
  t.socketUp(0);
  assert.deepEqual(t.change(0), offer(1));
  assert.deepEqual(t.iceRestart(1), []);
  t.answer(1);
  assert.deepEqual(t.applied(1, true, 2), offer(2, true));
  t.answer(2);
  assert.deepEqual(t.applied(2, true, 3), []);
  assert.deepEqual(t.change(4), offer(3));
});

test('a lost answer is asked for again, then the connection is built anew', () => {
  const t = new Negotiation();
  t.socketUp(0);
  t.change(0);
  assert.deepEqual(t.tick(ANSWER_TIMEOUT_MS - 1), []);
  assert.deepEqual(t.tick(ANSWER_TIMEOUT_MS), offer(2));
  assert.deepEqual(t.tick(2 * ANSWER_TIMEOUT_MS), [{ do: 'rebuild' }]);
});

test('a refused answer means a new connection', () => {
  const t = new Negotiation();
  t.socketUp(0);
  t.change(0);
  t.answer(1);
  assert.deepEqual(t.applied(1, false, 1), [{ do: 'rebuild' }]);
});

test('ten thousand random orders: never two offers out, and the last change is always offered', () => {
  let seed = 1;
  const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  for (let round = 0; round < 200; round++) {
    const t = new Negotiation();
    let [now, out, changes, offered, online, applying] = [0, 0, 0, 0, false, 0];
    const run = (actions: ReturnType<Negotiation['change']>) => {
      for (const a of actions) {
        if (a.do === 'offer') {
          assert.equal(out, 0);
          assert.ok(online);
          [out, offered] = [a.n, changes];
        } else if (a.do === 'apply') [applying, out] = [a.n, 0];
      }
    };
    const up = () => {
      [online, out] = [true, 0];
      run(t.socketUp(now));
    };
    const settle = () => {
      const n = applying;
      applying = 0;
      run(t.applied(n, true, now));
    };
    for (let step = 0; step < 50; step++, now += 10) {
      const dice = random(5);
      if (dice === 0) (changes++, run(t.change(now)));
      else if (dice === 1) up();
      else if (dice === 2) ((online = false), t.socketDown());
      else if (dice === 3 && out && online && !applying) run(t.answer(out));
      else if (dice === 4 && applying) settle();
    }
    if (applying) settle();
    if (!online) up();
    for (let i = 0; i < 3 && out; i++) {
      run(t.answer(out));
      settle();
    }
    assert.equal(offered, changes, `round ${round}`);
  }
});
