import { button, h, freshId, problemCard } from './parts';
import { type Texts } from './texts';

/** Escape closes, also where the page around takes keys first. */
function closable(dialog: HTMLDialogElement): void {
  dialog.addEventListener('keydown', event => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      dialog.close();
    }
  });
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
    const before = (host.getRootNode() as ShadowRoot).activeElement;
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
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (before instanceof HTMLElement && before.isConnected) {
        before.focus();
      }
      resolve(done);
    });
    closable(dialog);
    host.append(dialog);
    dialog.showModal();
    (form.querySelector<HTMLElement>('input, select, textarea') ?? (question.danger ? no : yes)).focus();
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
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve();
    });
    closable(dialog);
    host.append(dialog);
    dialog.showModal();
    copy.focus();
  });
}
