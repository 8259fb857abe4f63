import { describe, expect, it, vi } from 'vitest';

import { kernelAsk, type Model, ProblemError, request, restAsk } from './ask';
import { TEXTS, Texts } from './texts';

class FakeModel implements Model {
  sent: { id: string; message: string; values: unknown }[] = [];
  private readonly heard = new Map<string, Set<(content: unknown) => void>>();
  get(): unknown {
    return null;
  }
  send(content: unknown): void {
    this.sent.push(content as never);
  }
  on(event: string, callback: (content: unknown) => void): void {
    this.heard.set(event, (this.heard.get(event) ?? new Set()).add(callback));
  }
  off(event: string, callback: (content: unknown) => void): void {
    this.heard.get(event)?.delete(callback);
  }
  tell(content: unknown): void {
    this.heard.get('msg:custom')?.forEach(callback => callback(content));
  }
}

describe('asking the kernel', () => {
  it('matches answers with questions, in any order, and ignores what is not for it', async () => {
    const model = new FakeModel();
    const { ask } = kernelAsk(model);
    const [first, second] = [ask('Me'), ask('ListMembers', { a: 1 })];
    const [one, two] = model.sent;
    model.tell({ id: 'of another view', ok: true, value: 0 });
    model.tell('noise');
    model.tell({ id: two?.id, ok: true, value: 2 });
    model.tell({ id: one?.id, ok: true, value: 1 });
    expect(await Promise.all([first, second])).toEqual([1, 2]);
    expect(two).toMatchObject({ message: 'ListMembers', values: { a: 1 } });
  });

  it('gives problems on as errors, and tells when the kernel takes long', async () => {
    vi.useFakeTimers();
    const model = new FakeModel();
    const slow = vi.fn();
    const { ask, stop } = kernelAsk(model, slow, 1000);
    const asked = ask('Me');
    vi.advanceTimersByTime(1500);
    expect(slow).toHaveBeenLastCalledWith(true);
    model.tell({
      id: model.sent[0]?.id,
      ok: false,
      problem: { title: 'No', status: 403, detail: 'because' }
    });
    await expect(asked).rejects.toThrow('because');
    expect(slow).toHaveBeenLastCalledWith(false);
    stop();
    vi.useRealTimers();
  });
});

describe('asking the API', () => {
  it('puts values into the path, the query, the body and If-Match', () => {
    expect(request('EntityHistory', { entity_type: 'A/B', entity_id: '1', limit: 5, cursor: null })).toEqual({
      path: 'audit/A%2FB/1/history?limit=5',
      init: { method: 'GET', headers: { Accept: 'application/json' } }
    });
    const { path, init } = request('UpdateMember', {
      membership_id: 'm',
      expected_version: 3,
      roles: ['viewer']
    });
    expect(path).toBe('members/m');
    expect(init.method).toBe('PATCH');
    expect(init.headers).toMatchObject({ 'If-Match': '"3"', 'Content-Type': 'application/json' });
    expect(init.body).toBe('{"roles":["viewer"]}');
  });

  it('raises problems with their status, also where the answer is none of ours', async () => {
    const answers = [
      new Response('{"title":"T","detail":"D","correlation_id":"c"}', { status: 409 }),
      new Response('<html>', { status: 502, statusText: 'Bad Gateway' })
    ];
    const ask = restAsk(() => Promise.resolve(answers.shift() as Response));
    await expect(ask('Me')).rejects.toMatchObject({
      problem: { status: 409, title: 'T', correlation_id: 'c' }
    });
    await expect(ask('Me')).rejects.toMatchObject({ problem: { status: 502, title: 'HTTP 502' } });
    const cut = restAsk(() => Promise.reject(new TypeError('network')));
    await expect(cut('Me')).rejects.toBeInstanceOf(ProblemError);
  });

  it('sends the XSRF token of the page with what changes something', async () => {
    document.cookie = '_xsrf=abc';
    const seen: RequestInit[] = [];
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      seen.push(init);
      return Promise.resolve(new Response('{}', { status: 200 }));
    });
    const ask = restAsk();
    await ask('Me');
    await ask('InviteMember', { email: 'a@b.example', roles: [] });
    expect(new Headers(seen[0]?.headers).get('X-XSRFToken')).toBeNull();
    expect(new Headers(seen[1]?.headers).get('X-XSRFToken')).toBe('abc');
    vi.unstubAllGlobals();
  });
});

describe('the texts', () => {
  const holes = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

  it('have the same places for values in both languages', () => {
    for (const [key, text] of Object.entries(TEXTS.en)) {
      const turkish: string = TEXTS.tr[key as keyof typeof TEXTS.en];
      expect(turkish.trim(), key).not.toBe('');
      expect(holes(turkish), key).toEqual(holes(text));
    }
  });

  it('are Turkish for Turkish readers and English for all others', () => {
    expect(new Texts('tr_TR').t('retry')).toBe('Yeniden dene');
    expect(new Texts('de').t('retry')).toBe('Try again');
    expect(new Texts('en').word('signin', 'something_new')).toBe('Something new');
  });
});
