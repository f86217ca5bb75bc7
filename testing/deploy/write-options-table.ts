// Makes the table of options in docs/operations.md anew: run it after a change of pkg/runtime/options.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { read, root } from './files.ts';
import { withOptionsTable } from './options-table.ts';

const file = join(root, 'docs/operations.md');
writeFileSync(file, withOptionsTable(read('docs/operations.md')));
execFileSync(join(root, 'node_modules/.bin/oxfmt'), [file], { stdio: 'inherit' });
