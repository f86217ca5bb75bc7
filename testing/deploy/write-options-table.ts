// Makes the table of options in docs/operations.md anew: run it after a change of pkg/runtime/options.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { read, root } from './files.ts';
import { withOptionsTable } from './options-table.ts';

writeFileSync(join(root, 'docs/operations.md'), withOptionsTable(read('docs/operations.md')));
