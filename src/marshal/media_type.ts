/** How data of a media type stand in a JSON document. */
export type DataKind = "json" | "text" | "binary";

const UTF8_CHARSETS = ["utf-8", "utf8", "us-ascii"];

/** The media type of an event in JSON. Lower-case, because other implementations compare it as it is. */
export const EVENT_TYPE = "application/cloudevents+json; charset=utf-8";

/** The media type of a batch of events in JSON. */
export const BATCH_TYPE = "application/cloudevents-batch+json; charset=utf-8";

/** How an event, or several, stand in a record: attributes as headers, one in JSON, an array in JSON. */
export type ContentMode = "binary" | "structured" | "batch";

/** The content mode that a content type announces. */
export function contentModeOf(contentType: string | undefined): ContentMode {
  const type = contentType?.toLowerCase() ?? "";
  if (type.startsWith("application/cloudevents-batch")) return "batch";
  return type.startsWith("application/cloudevents") ? "structured" : "binary";
}

/** Whether events in a content type are JSON; one that names no format is taken for it. */
export function isJsonFormat(contentType: string): boolean {
  return /^application\/cloudevents(-batch)?(\+json)?$/.test(essenceOf(contentType));
}

/** How data of a content type are written; without one they are JSON. */
export function kindOf(contentType: string | undefined): DataKind {
  if (contentType === undefined) return "json";
  if (!isUtf8(contentType)) return "binary";
  const essence = essenceOf(contentType);
  if (/\/(.*\+)?json$/.test(essence)) return "json";
  return /^text\/|\/(.*\+)?xml$/.test(essence) ? "text" : "binary";
}

/** Whether texts of a content type are in UTF-8, as far as it says. */
export function isUtf8(contentType: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(contentType)?.[1];
  return charset === undefined || UTF8_CHARSETS.includes(charset.toLowerCase());
}

function essenceOf(contentType: string): string {
  return contentType.split(";", 1)[0]!.trim().toLowerCase();
}
