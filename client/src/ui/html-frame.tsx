/** HTML that a workflow or a form has, in a frame of its own origin where none of its scripts run. */
import { useEffect, useRef, useState } from 'react';

/** Least and largest height, in pixels. */
const LEAST = 160;
const LARGEST = 4_000;

export function HtmlFrame({ html, title = 'Result', least = LEAST }: { html: string; title?: string; least?: number }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(least);
  useEffect(() => {
    const heard = (event: MessageEvent<unknown>) => {
      const page = frame.current?.contentWindow;
      if (page == null || event.source !== page || typeof event.data !== 'object' || event.data === null) return;
      // A frame of no origin can only be spoken to as such; it holds nothing but what it is given.
      if ('ready' in event.data) page.postMessage({ html }, '*');
      if ('height' in event.data && typeof event.data.height === 'number') {
        setHeight(Math.min(LARGEST, Math.max(least, event.data.height)));
      }
    };
    addEventListener('message', heard);
    frame.current?.contentWindow?.postMessage({ html }, '*');
    return () => removeEventListener('message', heard);
  }, [html, least]);
  return (
    <iframe
      ref={frame}
      title={title}
      src="/result.html"
      sandbox="allow-scripts"
      referrerPolicy="no-referrer"
      height={height}
      className="block w-full bg-white dark:rounded-md"
    />
  );
}
