import { exists, listFiles, readText, ROOT_URL } from "./_files.ts";

/** Links and pictures of documents that lead nowhere in this repository. */
export function findDeadLinks(): string[] {
  return listFiles(".", /\.md$/).flatMap((page) =>
    deadLinksIn(page, readText(page), (path) => exists(path))
  );
}

/** Links of a page to what is not there; those to other sites, and within the page, are not looked at. */
export function deadLinksIn(
  page: string,
  text: string,
  isThere: (path: string) => boolean,
): string[] {
  const prose = text.replace(/^```.*?^```/gms, "");
  return [...prose.matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)].flatMap(([, target]) => {
    if (/^[a-z]+:/.test(target!)) return [];
    const path = new URL(target!, new URL(page, ROOT_URL)).href.slice(ROOT_URL.href.length);
    return isThere(decodeURIComponent(path))
      ? []
      : [`${page} links to ${target}, which is not there`];
  });
}
