// Sets the theme before anything is drawn, so that nothing flashes.
(() => {
  const kept = localStorage.getItem('bifrost.theme');
  const dark = kept === 'dark' || (kept !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
