import { Signal, type ISignal } from '@lumino/signaling';

import type { AlmClient } from '../api/client';
import type { ICheckAnswer, ManifestFormat } from '../api/types';

/** What is known about one text: an answer, or the error that prevented one. */
export interface ICheckResult {
  text: string;
  answer: ICheckAnswer | null;
  error: Error | null;
}

const REMEMBERED = 16;

/** Asks the server about manifest texts; the same text is asked about once, however many views show it. */
export class ManifestChecker {
  constructor(private readonly client: Pick<AlmClient, 'post'>) {}

  /** Emitted for every answer and every failure; listeners compare `text` with what they show. */
  get checked(): ISignal<this, ICheckResult> {
    return this._checked;
  }

  /** The answer for a text, from memory unless `fresh`. Rejects as the client does. */
  check(text: string, format: ManifestFormat, fresh = false): Promise<ICheckAnswer> {
    const key = `${format}\n${text}`;
    const known = this._answers.get(key);
    if (known && !fresh) {
      // an undo leads back to a known text: whoever shows problems must hear of it again
      known.then(
        answer => this._checked.emit({ text, answer, error: null }),
        () => undefined
      );
      return known;
    }
    const asked = this.client.post<ICheckAnswer>('manifests/check', { text, format });
    this._answers.delete(key);
    this._answers.set(key, asked);
    if (this._answers.size > REMEMBERED) {
      this._answers.delete(this._answers.keys().next().value as string);
    }
    asked.then(
      answer => this._checked.emit({ text, answer, error: null }),
      (error: Error) => {
        if (this._answers.get(key) === asked) {
          this._answers.delete(key);
        }
        this._checked.emit({ text, answer: null, error });
      }
    );
    return asked;
  }

  private readonly _answers = new Map<string, Promise<ICheckAnswer>>();
  private readonly _checked = new Signal<this, ICheckResult>(this);
}
