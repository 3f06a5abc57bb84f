/** What the client takes for the name of a group. */
const NAME = /^\S+$/;

/** The Kafka group of a group on a topic: no other group on another topic has the same. */
export function defaultGroupName(group: string, topic: string): string {
  return `${group.replace(/[%.\s]/g, escape)}.${topic}`;
}

/**
 * Has names checked when they are made.
 *
 * @throws {RangeError} If a name is empty, no text or has spaces.
 */
export function checkedGroupName(
  groupName: (group: string, topic: string) => string,
): (group: string, topic: string) => string {
  return (group, topic) => {
    const name: unknown = groupName(group, topic);
    if (typeof name === "string" && NAME.test(name)) return name;
    throw new RangeError(
      `Cannot name the group '${group}' on topic '${topic}' as 'groupName' must give a text without spaces: it gave '${name}'`,
    );
  };
}

function escape(sign: string): string {
  return `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
