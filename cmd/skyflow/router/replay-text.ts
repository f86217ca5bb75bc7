import type { RouterAnswer } from '#pkg/admin/router.ts';
import { formatCount } from '#pkg/runtime/quantities.ts';
import { type Drawing, left, palette, plural, right, textOf } from '../feeds/drawing.ts';
import { table } from '../lens/table.ts';
import { plain, wrap } from '../lens/width.ts';

/** `skyflow replay`: how many, of which subjects, and what is left to do. */
export const replayText = (answer: RouterAnswer<'replay'>, draw: Drawing): string => {
  const paint = palette(draw);
  const { dryRun, count, subjects, skipped, failed, failures, stopped } = answer;
  const done =
    count === 0 ? paint.bold('Nothing replayed.') : `${paint.good('Replayed')} ${plural(count, 'dead letter')}.`;
  const verdict = dryRun ? `Would replay ${plural(count, 'dead letter')}. Nothing was done.` : done;
  const none = skipped === 0 ? 'There is no such dead letter. Try: skyflow dlq list' : '';
  const empty = count === 0 && failed === 0;
  const rows = subjects.map((one) => [`  ${plain(one.subject)}`, formatCount(one.count)]);
  const again = `${plural(skipped, 'dead letter')} of these ${skipped === 1 ? 'was' : 'were'} replayed before and left alone; to take ${skipped === 1 ? 'it' : 'them'} too: --again`;
  const trouble = failures.slice(0, 5).map((one) => `${one.id} ${plain(one.subject)}: ${plain(one.error)}`);
  return textOf([
    empty && none !== '' ? none : verdict,
    ...(rows.length === 0 ? [] : table([left(''), right('')], rows, draw.width).slice(1)),
    ...(skipped === 0 ? [] : wrap(again, draw.width).map(paint.soft)),
    ...(failed === 0 ? [] : [paint.bad(`${plural(failed, 'dead letter')} could not be published:`)]),
    ...trouble.flatMap((line) => wrap(line, draw.width - 4).map((part, at) => `${at === 0 ? '  ' : '    '}${part}`)),
    ...(failed > 5 ? [`  … and ${formatCount(failed - 5)} more`] : []),
    ...(failed > 0 || stopped
      ? wrap('They are as they were. Is NATS away? Give the same command again once it is back.', draw.width).map(
          paint.soft,
        )
      : []),
    ...(!dryRun && count > 0 && failed === 0
      ? wrap('Those that fail again come back as new dead letters: skyflow dlq list', draw.width).map(paint.soft)
      : []),
  ]);
};
