// A table of routes: rows of [method, "/path/{name}", handler, options]. Finds the row for a call and the names in its path.

const decode = (segment) => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

export class Routes {
  constructor(rows) {
    this.rows = rows.map(([method, path, handler, options]) => ({ method, segments: path.split('/'), handler, options: options ?? {} }));
  }

  find(method, path) {
    const segments = path.split('/').map(decode);
    if (segments.length > 2 && segments.at(-1) === '') segments.pop();
    for (const row of this.rows) {
      if (row.method !== method || row.segments.length !== segments.length) continue;
      const params = {};
      const fits = row.segments.every((part, i) => {
        if (!part.startsWith('{')) return part === segments[i];
        params[part.slice(1, -1)] = segments[i];
        return segments[i] !== '';
      });
      if (fits) return { handler: row.handler, options: row.options, params };
    }
    return null;
  }
}
