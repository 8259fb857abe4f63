import { button, h, freshId, problemCard } from './parts';
import { type Texts } from './texts';

/** Show it until it is closed: by Escape too, also where the page around takes keys first; then the focus returns. */
function open(host: HTMLElement, dialog: HTMLDialogElement, closed: () => void): void {
  const before = (host.getRootNode() as ShadowRoot).activeElement;
  dialog.addEventListener('keydown', event => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      dialog.close();
    }
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (before instanceof HTMLElement && before.isConnected) {
      before.focus();
    }
    closed();
  });
  host.append(dialog);
  dialog.showModal();
}

export interface Question {
  title: string;
  body: (Node | string)[];
  confirm: string;
  danger?: boolean;
  /** Done when confirmed; the dialog stays open with the problem while it fails. A returned text is an objection. */
  run: () => Promise<string | undefined>;
}

/** A modal dialog in a widget: Escape closes it, the focus returns, a failure keeps what was typed. */
export function ask(host: HTMLElement, texts: Texts, question: Question): Promise<boolean> {
  return new Promise(resolve => {
    const title = h('h2', { id: freshId('alm-dialog') }, question.title);
    const trouble = h('div', {});
    const yes = h('button', { type: 'submit', class: question.danger ? 'danger' : 'main' }, question.confirm);
    const no = button(texts.t('cancel'), () => dialog.close());
    const form = h(
      'form',
      { novalidate: true },
      title,
      ...question.body,
      trouble,
      h('div', { class: 'row' }, no, yes)
    );
    const dialog = h('dialog', { 'aria-labelledby': title.id }, form);
    let done = false;
    const submit = async (): Promise<void> => {
      trouble.replaceChildren();
      yes.disabled = true;
      try {
        const objection = await question.run();
        if (objection) {
          trouble.replaceChildren(h('p', { class: 'problem', role: 'alert' }, objection));
          return;
        }
        done = true;
        dialog.close();
      } catch (error) {
        trouble.replaceChildren(problemCard(error, texts));
      } finally {
        yes.disabled = false;
      }
    };
    form.addEventListener('submit', event => {
      event.preventDefault();
      void submit();
    });
    open(host, dialog, () => resolve(done));
    (form.querySelector<HTMLElement>('input, select, textarea') ?? (question.danger ? no : yes)).focus();
  });
}

/** Show something that asks nothing: one button closes it, and Enter and Escape do. */
export function show(host: HTMLElement, texts: Texts, title: string, body: (Node | string)[]): Promise<void> {
  return new Promise(resolve => {
    const heading = h('h2', { id: freshId('alm-dialog') }, title);
    const close = button(texts.t('close'), () => dialog.close(), 'main');
    const row = h('div', { class: 'row' }, close);
    const dialog = h('dialog', { 'aria-labelledby': heading.id }, heading, ...body, row);
    open(host, dialog, resolve);
    close.focus();
  });
}

/** Show a secret that is told once, with a way to copy it. */
export function tellOnce(
  host: HTMLElement,
  texts: Texts,
  title: string,
  hint: string,
  secret: string
): Promise<void> {
  return new Promise(resolve => {
    const heading = h('h2', { id: freshId('alm-dialog') }, title);
    const copy = button(texts.t('copy'), () => {
      void navigator.clipboard?.writeText(secret).then(() => (copy.textContent = texts.t('copied')));
    });
    const close = button(texts.t('close'), () => dialog.close(), 'main');
    const dialog = h(
      'dialog',
      { 'aria-labelledby': heading.id },
      heading,
      h('p', { class: 'warning' }, hint),
      h('div', { class: 'secret' }, h('code', {}, secret), copy),
      h('div', { class: 'row' }, close)
    );
    open(host, dialog, resolve);
    copy.focus();
  });
}
