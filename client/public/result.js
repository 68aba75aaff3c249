// Shows HTML that a workflow returned. This page has an origin of its own, and its policy lets
// no script run but this one: what it shows can look like anything, and do nothing.
const root = document.documentElement;
addEventListener('message', (event) => {
  if (event.source !== parent || typeof event.data?.html !== 'string') return;
  const shown = new DOMParser().parseFromString(event.data.html, 'text/html');
  document.body.replaceChildren(...shown.querySelectorAll('head style'), ...shown.body.childNodes);
  tell();
});
// In a narrower frame it is higher, and once a picture has come. A scroll bar at its foot needs room, too. Where the
// page fits, `scrollHeight` is the height of its frame and not its own.
const tell = () => {
  const shown = root.scrollHeight > root.clientHeight ? root.scrollHeight : root.getBoundingClientRect().height;
  parent.postMessage({ height: Math.ceil(shown) + innerHeight - root.clientHeight }, '*');
};
new ResizeObserver(tell).observe(root);
addEventListener('resize', tell);
parent.postMessage({ ready: true }, '*');
