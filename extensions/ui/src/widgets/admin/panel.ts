import { Face } from '../face';
import { empty, freshId, h, loading, printable, problemCard } from '../parts';
import { invitationsRoom } from './invitations';
import { keysRoom } from './keys';
import { refusalsRoom, signInsRoom } from './logs';
import { membersRoom } from './members';
import { organisationRoom } from './organisation';
import { rolesRoom } from './roles';
import { type Ctx, grants, type Me, type Room } from './room';

const ROOMS: readonly Room[] = [
  membersRoom,
  invitationsRoom,
  rolesRoom,
  keysRoom,
  refusalsRoom,
  signInsRoom,
  organisationRoom
];

/** Everything about the organisation: a tab for each part that this person may see. */
export class AlmAdminPanel extends Face {
  private me: Me | null = null;
  private open: Room | null = null;
  private turn = 0;
  private readonly tabs = h('div', { class: 'tabs', role: 'tablist' });
  private readonly panel = h('div', { role: 'tabpanel', id: freshId('alm-panel'), tabindex: '-1' });

  protected override start(): void {
    this.tabs.addEventListener('keydown', event => this.move(event));
    void this.enter();
  }

  private async enter(): Promise<void> {
    this.body.replaceChildren(loading(this.texts));
    try {
      this.me = await this.ask<Me>('Me');
      this.draw(this.me);
    } catch (error) {
      this.body.replaceChildren(problemCard(error, this.texts, () => void this.enter()));
    }
  }

  private draw(me: Me): void {
    const { texts } = this;
    const rooms = ROOMS.filter(room => room.needs.some(privilege => grants(me.privileges, privilege)));
    const title = h(
      'h2',
      { id: freshId('alm-admin') },
      texts.t('administration', { tenant: printable(me.tenant_name) })
    );
    const first = rooms.find(room => room.id === this.getAttribute('open')) ?? rooms[0];
    if (!first) {
      this.body.replaceChildren(
        h('div', { class: 'head' }, title),
        empty(texts.t('noRooms'), texts.t('noRoomsHint'))
      );
      return;
    }
    this.tabs.setAttribute('aria-labelledby', title.id);
    this.tabs.replaceChildren(
      ...rooms.map(room => {
        const tab = h(
          'button',
          {
            type: 'button',
            role: 'tab',
            id: freshId('alm-tab'),
            'aria-controls': this.panel.id,
            'data-room': room.id
          },
          texts.t(room.label)
        );
        tab.addEventListener('click', () => void this.show(room));
        return tab;
      })
    );
    this.body.replaceChildren(h('div', { class: 'head' }, title), this.tabs, this.panel);
    void this.show(first);
  }

  private async show(room: Room): Promise<void> {
    const { me, texts } = this;
    if (!me) {
      return;
    }
    const turn = (this.turn += 1);
    const again = this.open === room;
    this.open = room;
    for (const tab of this.tabs.querySelectorAll<HTMLElement>('[role="tab"]')) {
      const chosen = tab.dataset.room === room.id;
      tab.setAttribute('aria-selected', String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen) {
        this.panel.setAttribute('aria-labelledby', tab.id);
      }
    }
    if (!again) {
      this.panel.replaceChildren(loading(texts));
    }
    const ctx: Ctx = {
      ask: this.ask,
      texts,
      me,
      host: this.body,
      place: this.getAttribute('place') ?? '',
      may: privilege => grants(me.privileges, privilege),
      say: text => this.say(text),
      reload: () => void this.show(room)
    };
    try {
      const parts = await room.draw(ctx);
      if (turn === this.turn) {
        this.panel.replaceChildren(...parts);
      }
    } catch (error) {
      if (turn === this.turn) {
        this.panel.replaceChildren(problemCard(error, texts, () => void this.show(room)));
      }
    }
  }

  /** Arrows, Home and End walk through the tabs. */
  private move(event: KeyboardEvent): void {
    const tabs = [...this.tabs.querySelectorAll<HTMLElement>('[role="tab"]')];
    const here = tabs.indexOf(event.target as HTMLElement);
    const goal = { ArrowRight: here + 1, ArrowLeft: here - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[
      event.key
    ];
    const next = goal === undefined || here < 0 ? undefined : tabs[goal % tabs.length];
    if (next) {
      event.preventDefault();
      next.focus();
      next.click();
    }
  }
}
