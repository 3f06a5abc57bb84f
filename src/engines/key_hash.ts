/**
 * FNV-1a with 32 bits over the UTF-16 units of a key, each as one step
 * ({@link http://www.isthe.com/chongo/tech/comp/fnv/}).
 */
export function hashKey(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
