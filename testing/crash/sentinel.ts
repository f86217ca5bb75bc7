/** A frame that marks the end of a stream: once its time is durable, so is everything before it. */
export const endFrame = (timeUs: number): { text: string; timeUs: number } => {
  const did = 'did:plc:theendofthestream2345';
  const time = new Date(Math.floor(timeUs / 1000)).toISOString();
  const text = JSON.stringify({ did, time_us: timeUs, kind: 'account', account: { active: true, did, seq: 1, time } });
  return { text, timeUs };
};
