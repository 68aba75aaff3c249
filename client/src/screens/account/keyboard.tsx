/** Whether single keys mean anything: not everybody presses only what they mean to. */
import { useState } from 'react';
import { areShortcutsOn, setShortcuts } from '@/frame/shortcut-keys';
import { Card } from '@/ui/card';
import { CheckField } from '@/ui/field';

export function Keyboard() {
  const [on, setOn] = useState(areShortcutsOn);
  return (
    <Card title="Keyboard">
      <CheckField
        label="Single-key shortcuts"
        help="Press “?” to list them. Turn them off if you use speech input or often press keys by accident. This is remembered in this browser. Ctrl K works either way."
        checked={on}
        onChange={(event) => {
          setShortcuts(event.target.checked);
          setOn(event.target.checked);
        }}
      />
    </Card>
  );
}
