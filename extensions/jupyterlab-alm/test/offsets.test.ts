import { describe, expect, it } from 'vitest';

import { countBySeverity, offsetOf, rangeOf } from '../src/manifest/offsets';

const at = (
  from: number | null,
  to: number | null,
  line: number | null = null,
  col: number | null = null
) => ({
  from,
  to,
  line,
  col
});

describe('line and column to offset', () => {
  it('counts from 1', () => {
    expect(offsetOf('ab\ncd', 1, 1)).toBe(0);
    expect(offsetOf('ab\ncd', 2, 2)).toBe(4);
  });

  it('counts code points where the editor counts UTF-16 units', () => {
    expect(offsetOf('😀b', 1, 2)).toBe(2);
    expect(offsetOf('x\n😀😀b', 2, 3)).toBe(6);
  });

  it('stays inside the line and the text', () => {
    expect(offsetOf('ab\ncd', 1, 99)).toBe(2);
    expect(offsetOf('ab\ncd', 99, 1)).toBe(5);
    expect(offsetOf('', 1, 1)).toBe(0);
  });
});

describe('the range of a finding', () => {
  it('is what the server says', () => {
    expect(rangeOf(at(2, 5), 'abcdefgh')).toEqual({ from: 2, to: 5 });
  });

  it('never leaves the text, which may be shorter than the one that was checked', () => {
    expect(rangeOf(at(2, 50), 'abcd')).toEqual({ from: 2, to: 4 });
    expect(rangeOf(at(40, 50), 'abcd')).toEqual({ from: 3, to: 4 });
    expect(rangeOf(at(-3, 2), 'abcd')).toEqual({ from: 0, to: 2 });
  });

  it('can be seen: an empty one becomes one character, whole even outside the basic plane', () => {
    expect(rangeOf(at(1, 1), 'abcd')).toEqual({ from: 1, to: 2 });
    expect(rangeOf(at(1, 1), 'a😀')).toEqual({ from: 1, to: 3 });
    expect(rangeOf(at(4, 4), 'abcd')).toEqual({ from: 3, to: 4 });
    expect(rangeOf(at(2, 2), 'ab\ncd')).toEqual({ from: 1, to: 2 });
  });

  it('falls back to line and column, then to the start', () => {
    expect(rangeOf(at(null, null, 2, 2), 'ab\ncd')).toEqual({ from: 4, to: 5 });
    expect(rangeOf(at(null, null), 'ab')).toEqual({ from: 0, to: 1 });
  });

  it('is empty only in an empty text or on an empty line', () => {
    expect(rangeOf(at(0, 0), '')).toEqual({ from: 0, to: 0 });
    expect(rangeOf(at(1, 1), '\n\n')).toEqual({ from: 1, to: 1 });
  });
});

it('findings are counted by severity', () => {
  const finding = (severity: 'error' | 'warning' | 'info') => ({
    code: 'C',
    message: '',
    severity,
    ...at(0, 0)
  });
  expect(countBySeverity([finding('error'), finding('info'), finding('error')])).toEqual({
    errors: 2,
    warnings: 0,
    infos: 1
  });
});
