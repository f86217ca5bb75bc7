import type { OptionsOf } from '#pkg/runtime/options.ts';
import { askOperator, print, quietScreen } from '../feeds/ask.ts';
import { explainText, previewText, whyEmptyText } from '../feeds/look-text.ts';

const seenBy = ({ viewer }: { readonly viewer: string | undefined }) => (viewer === undefined ? {} : { viewer });

/** `skyflow feeds preview` */
export const preview = async (options: OptionsOf<'feeds preview'>, rkey: string): Promise<void> => {
  using screen = quietScreen(options);
  const { limit, langs } = options;
  const request = { action: 'preview', rkey, limit, langs, ...seenBy(options) } as const;
  print(options, await askOperator(options, screen, request, 'ranking'), previewText);
};

/** `skyflow feeds explain` */
export const explain = async (options: OptionsOf<'feeds explain'>, rkey: string, post: string): Promise<void> => {
  using screen = quietScreen(options);
  const request = { action: 'explain', rkey, post, ...seenBy(options) } as const;
  print(options, await askOperator(options, screen, request, 'ranking'), explainText);
};

/** `skyflow feeds why-empty` */
export const whyEmpty = async (options: OptionsOf<'feeds why-empty'>, rkey: string): Promise<void> => {
  using screen = quietScreen(options);
  const request = { action: 'why_empty', rkey, ...seenBy(options) } as const;
  print(options, await askOperator(options, screen, request, 'ranking'), whyEmptyText);
};
