// If this fails, a host's admit, removal or grant is lost with a line that broke at the wrong moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Said } from './said.ts';

test('what was said before an answered ping has arrived, the rest is said again in order', () => {
  const said = new Said();
  said.add('a');
  said.ping(100);
  said.add('b');
  said.ping(200);
  said.add('c');
  assert.deepEqual(said.unconfirmed, ['a', 'b', 'c']);
  said.pong(100);
  assert.deepEqual(said.unconfirmed, ['b', 'c']);
  said.pong(999);
  said.pong(100);
  assert.deepEqual(said.unconfirmed, ['b', 'c']);
});

test('a ping of a line that broke proves nothing', () => {
  const said = new Said();
  said.add('a');
  said.ping(1);
  said.newLine();
  said.pong(1);
  assert.deepEqual(said.unconfirmed, ['a']);
  said.ping(2);
  said.pong(2);
  assert.deepEqual(said.unconfirmed, []);
});

test('it does not grow without end', () => {
  const said = new Said();
  for (let i = 0; i < 1000; i++) {
    said.add(String(i));
    said.ping(i);
  }
  assert.equal(said.unconfirmed.length, 256);
  assert.equal(said.unconfirmed.at(-1), '999');
});
