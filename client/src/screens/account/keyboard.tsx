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
        label="Single keys"
        help="“?” lists them. Turn them off if you speak to your computer, or hit keys by accident. Kept in this browser; Ctrl K works all the same."
        checked={on}
        onChange={(event) => {
          setShortcuts(event.target.checked);
          setOn(event.target.checked);
        }}
      />
    </Card>
  );
}
