import { type Action, ProblemError } from './ask';
import { Face } from './face';
import { button, empty, field, freshId, h, loading, printable, problemCard, select } from './parts';

interface Person {
  display_name: string;
  email: string;
  tenant_name: string;
  tenant_slug: string;
  locale?: string;
}

interface Choice {
  slug: string;
  name: string;
}

type Fields = Record<string, HTMLInputElement>;

function input(type: string, autocomplete: string, required = true): HTMLInputElement {
  return h('input', { type, autocomplete, required, spellcheck: 'false', autocapitalize: 'none' });
}

/** A form that sends one action: says what is missing, keeps what was typed when it fails, never sends twice. */
abstract class FormFace<T> extends Face {
  protected readonly trouble = h('div', {});
  protected abstract readonly action: Action;
  protected abstract readonly heading: string;
  protected abstract readonly working: string;
  protected abstract controls(): HTMLElement[];
  protected abstract values(): Record<string, string | null> | string;
  protected abstract done(answer: T): void;
  protected refused(error: unknown): HTMLElement | null {
    return problemCard(error, this.texts);
  }

  protected override start(): void {
    this.draw();
  }

  protected draw(): void {
    const title = h('h2', { id: freshId('alm-form') }, this.heading);
    const go = h('button', { type: 'submit', class: 'main' }, this.goText);
    const form = h(
      'form',
      { class: 'narrow', novalidate: true, 'aria-labelledby': title.id },
      h('div', { class: 'head' }, title),
      ...this.controls(),
      this.trouble,
      go
    );
    form.addEventListener('submit', event => {
      event.preventDefault();
      void this.submit(form, go);
    });
    this.trouble.replaceChildren();
    this.body.replaceChildren(form);
  }

  protected get goText(): string {
    return this.heading;
  }

  /** The first field that is empty although it must not be. */
  private missing(form: HTMLFormElement): string {
    let said = '';
    for (const control of form.querySelectorAll<HTMLInputElement>('input[required]')) {
      const lacking = !control.value.trim();
      control.setAttribute('aria-invalid', String(lacking));
      if (lacking && !said) {
        said = this.texts.t('fillIn', {
          field: form.querySelector(`label[for="${control.id}"]`)?.textContent ?? ''
        });
        control.focus();
      }
    }
    return said;
  }

  private async submit(form: HTMLFormElement, go: HTMLButtonElement): Promise<void> {
    const lacking = this.missing(form);
    const values = lacking || this.values();
    if (typeof values === 'string') {
      this.trouble.replaceChildren(h('p', { class: 'problem', role: 'alert' }, values));
      return;
    }
    this.trouble.replaceChildren();
    go.disabled = true;
    go.textContent = this.working;
    this.say(this.working);
    try {
      this.done(await this.ask<T>(this.action, values));
    } catch (error) {
      const shown = this.refused(error);
      this.trouble.replaceChildren(...(shown ? [shown] : []));
    } finally {
      go.disabled = false;
      go.textContent = this.goText;
    }
  }

  /** A password field that can be looked at. */
  protected password(
    label: string,
    autocomplete: string,
    hint = ''
  ): { box: HTMLElement; control: HTMLInputElement } {
    const control = input('password', autocomplete);
    const show = h('input', { type: 'checkbox' });
    show.addEventListener('change', () => (control.type = show.checked ? 'text' : 'password'));
    const box = h(
      'div',
      {},
      field(label, control, hint),
      h('label', { class: 'tick' }, show, this.texts.t('showPassword'))
    );
    box.style.marginBottom = '10px';
    return { box, control };
  }
}

/** Log in with e-mail and password; who belongs to several organisations chooses one. */
export class AlmLogin extends FormFace<Person> {
  protected readonly action = 'login';
  private readonly fields: Fields = {};
  private tenant: HTMLSelectElement | null = null;
  private readonly choice = h('div', {});

  protected get heading(): string {
    const place = this.getAttribute('place');
    return place ? this.texts.t('loginTo', { place: printable(place) }) : this.texts.t('login');
  }

  protected get working(): string {
    return this.texts.t('loggingIn');
  }

  protected override get goText(): string {
    return this.texts.t('login');
  }

  protected controls(): HTMLElement[] {
    const email = input('email', 'username');
    const password = this.password(this.texts.t('password'), 'current-password');
    email.value = this.getAttribute('email') ?? '';
    Object.assign(this.fields, { email, password: password.control });
    this.tenant = null;
    this.choice.replaceChildren();
    return [field(this.texts.t('email'), email), password.box, this.choice];
  }

  protected values(): Record<string, string | null> {
    const { email, password } = this.fields;
    return {
      email: email?.value.trim() ?? '',
      password: password?.value ?? '',
      tenant: this.tenant?.value ?? null
    };
  }

  protected override refused(error: unknown): HTMLElement | null {
    const offered = error instanceof ProblemError ? error.problem.tenants : null;
    if (!Array.isArray(offered) || !offered.length) {
      return problemCard(error, this.texts);
    }
    this.tenant = select(
      (offered as Choice[]).map(item => [item.slug, printable(item.name)] as const),
      (offered[0] as Choice).slug
    );
    this.choice.replaceChildren(
      h('p', { role: 'status' }, this.texts.t('chooseOrganisation')),
      field(this.texts.t('organisation'), this.tenant)
    );
    this.tenant.focus();
    return null;
  }

  protected done(person: Person): void {
    const name = printable(person.display_name || person.email);
    const variable = this.getAttribute('variable');
    const note = h(
      'div',
      { class: 'done', tabindex: '-1' },
      h('b', {}, this.texts.t('loggedIn', { name })),
      h('div', {}, printable(`${person.tenant_name} · ${person.email}`)),
      variable ? h('small', {}, this.texts.t('useVariable', { name: variable })) : null
    );
    for (const control of Object.values(this.fields)) {
      control.value = '';
    }
    this.body.replaceChildren(
      note,
      button(this.texts.t('otherAccount'), () => this.draw())
    );
    this.say(this.texts.t('loggedIn', { name }));
    note.focus();
    this.tell('alm-logged-in', person);
  }
}

/** Create an account, by an invitation or where anybody may. */
export class AlmRegister extends FormFace<Person> {
  protected readonly action = 'register';
  private readonly fields: Fields = {};

  protected get heading(): string {
    return this.texts.t('register');
  }

  protected get working(): string {
    return this.texts.t('registering');
  }

  protected controls(): HTMLElement[] {
    const { texts } = this;
    const email = input('email', 'email');
    const name = input('text', 'name');
    const invitation = input('text', 'off', false);
    const password = this.password(texts.t('password'), 'new-password', texts.t('passwordHint'));
    const again = input('password', 'new-password');
    email.value = this.getAttribute('email') ?? '';
    invitation.value = this.getAttribute('token') ?? '';
    Object.assign(this.fields, { email, name, invitation, password: password.control, again });
    return [
      field(texts.t('email'), email),
      field(texts.t('name'), name),
      password.box,
      field(texts.t('passwordAgain'), again),
      field(texts.t('invitation'), invitation, texts.t('invitationHint'))
    ];
  }

  protected values(): Record<string, string | null> | string {
    const { email, name, invitation, password, again } = this.fields;
    if (password?.value !== again?.value) {
      again?.setAttribute('aria-invalid', 'true');
      again?.focus();
      return this.texts.t('passwordsDiffer');
    }
    return {
      email: email?.value.trim() ?? '',
      display_name: name?.value.trim() ?? '',
      password: password?.value ?? '',
      invitation: invitation?.value.trim() || null,
      locale: this.texts.language
    };
  }

  protected done(person: Person): void {
    const title = this.texts.t('registered', { name: printable(person.display_name || person.email) });
    const note = h(
      'div',
      { class: 'done', tabindex: '-1' },
      h('b', {}, title),
      h('div', {}, this.texts.t('registeredHint'))
    );
    this.body.replaceChildren(note);
    this.say(title);
    note.focus();
    this.tell('alm-registered', person);
  }
}

/** The organisations of a person, and the way from one to another. */
export class AlmTenantSwitcher extends Face {
  private readonly list = h('ul', { class: 'tenants' });
  private readonly trouble = h('div', {});
  private readonly note = h('div', {});

  protected override start(): void {
    const title = h('h2', { id: freshId('alm-tenants') }, this.texts.t('tenants'));
    this.list.setAttribute('aria-labelledby', title.id);
    this.body.append(h('div', { class: 'head' }, title), this.note, this.list, this.trouble);
    void this.load();
  }

  private async load(): Promise<void> {
    this.trouble.replaceChildren();
    this.list.replaceChildren(h('li', {}, loading(this.texts)));
    try {
      const [me, tenants] = await Promise.all([this.ask<Person>('Me'), this.ask<Choice[]>('ListMyTenants')]);
      this.draw(me, tenants);
    } catch (error) {
      this.list.replaceChildren();
      this.trouble.replaceChildren(problemCard(error, this.texts, () => void this.load()));
    }
  }

  private draw(me: Person, tenants: readonly Choice[]): void {
    const { texts } = this;
    this.list.replaceChildren(
      ...tenants.map(item => {
        const here = item.slug === me.tenant_slug;
        const name = h('span', { class: 'name' }, printable(item.name), ' ', h('small', {}, item.slug));
        const go = button(texts.t('tenantSwitch'), () => void this.go(item, go));
        go.setAttribute('aria-label', texts.t('tenantSwitchTo', { name: printable(item.name) }));
        return h(
          'li',
          here ? { 'aria-current': 'true' } : {},
          name,
          here ? h('span', { class: 'good' }, `✓ ${texts.t('tenantHere')}`) : go
        );
      })
    );
    if (tenants.length < 2) {
      this.list.after(empty(texts.t(tenants.length ? 'tenantOnly' : 'tenantNone')));
    }
  }

  private async go(item: Choice, from: HTMLButtonElement): Promise<void> {
    const { texts } = this;
    this.trouble.replaceChildren();
    from.disabled = true;
    this.say(texts.t('switching'));
    try {
      await this.ask('switch', { tenant: item.slug });
      await this.load();
      const said = texts.t('tenantSwitched', { name: printable(item.name) });
      const note = h('div', { class: 'done', tabindex: '-1' }, said);
      this.note.replaceChildren(note);
      note.focus();
      this.say(said);
      this.tell('alm-switched', item);
    } catch (error) {
      this.trouble.replaceChildren(problemCard(error, texts));
      from.disabled = false;
    }
  }
}
