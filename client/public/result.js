// Shows HTML that a workflow returned. This page has an origin of its own, and its policy lets
// no script run but this one: what it shows can look like anything, and do nothing.
addEventListener('message', (event) => {
  if (event.source !== parent || typeof event.data?.html !== 'string') return;
  const shown = new DOMParser().parseFromString(event.data.html, 'text/html');
  document.body.replaceChildren(...shown.querySelectorAll('head style'), ...shown.body.childNodes);
  parent.postMessage({ height: document.documentElement.scrollHeight }, '*');
});
parent.postMessage({ ready: true }, '*');
