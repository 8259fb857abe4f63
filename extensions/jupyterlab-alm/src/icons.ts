import { LabIcon } from '@jupyterlab/ui-components';

const svg = (body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">${body}</svg>`;

/** A small workflow: two states lead to a third. */
export const almIcon = new LabIcon({
  name: 'alm:workbench',
  svgstr: svg(
    '<g class="jp-icon-brand0 jp-icon-selectable" fill="#1976d2"><rect x="3" y="3" width="8" height="6" rx="1.5"/>' +
      '<rect x="3" y="15" width="8" height="6" rx="1.5"/></g>' +
      '<g class="jp-icon3 jp-icon-selectable" fill="#616161"><rect x="14" y="9" width="8" height="6" rx="1.5"/>' +
      '<path d="M11 5h6v4h-1.6V6.6H11zM11 17.4h4.4V15H17v4h-6z"/></g>'
  )
});

/** A page with a state and an arrow. */
export const manifestIcon = new LabIcon({
  name: 'alm:manifest',
  svgstr: svg(
    '<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M5 2h9l6 6v14H5zm8 1.8V9h5.2z" fill-rule="evenodd"/>' +
      '<path class="jp-icon-inverse" fill="#fff" d="M8 12.5h4v2.2h2.2v-1.4l3 2.2-3 2.2v-1.4H12v2.2H8z"/>'
  )
});

/** A graph of three states. */
export const graphIcon = new LabIcon({
  name: 'alm:graph',
  svgstr: svg(
    '<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M9 2h6v5h-2.2v3H19v4.5h2V20h-6v-5.5h2.4v-2.9H6.6' +
      'v2.9H9V20H3v-5.5h2V10h6.2V7H9z"/>'
  )
});
