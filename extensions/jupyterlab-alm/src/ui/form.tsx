import { Dialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';

/** A dialog body that holds a value which its form changes. */
export class FormBody<T> extends ReactWidget implements Dialog.IBodyWidget<T> {
  constructor(
    private value: T,
    private readonly form: (value: T, change: (value: T) => void) => JSX.Element
  ) {
    super();
    this.addClass('alm-Form');
  }

  getValue(): T {
    return this.value;
  }

  /** Show another value, as if it had been typed. */
  change(value: T): void {
    this.value = value;
    this.update();
  }

  protected render(): JSX.Element {
    return this.form(this.value, value => this.change(value));
  }
}

/** A dialog whose last button closes it only when what it stands for has worked; what was typed stays until then. */
export class TryingDialog<T> extends Dialog<T> {
  constructor(
    options: Partial<Dialog.IOptions<T>> & { buttons: Dialog.IButton[] },
    private readonly attempt: () => Promise<boolean>
  ) {
    super(options);
    this.accepting = options.buttons.length - 1;
  }

  override resolve(index = this.accepting): void {
    if (index !== this.accepting) {
      super.resolve(index);
    } else if (!this.trying) {
      this.trying = true;
      void this.attempt()
        .then(done => done && super.resolve(index))
        .finally(() => (this.trying = false));
    }
  }

  private readonly accepting: number;
  private trying = false;
}
