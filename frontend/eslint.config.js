/* Lint rules: typescript-eslint's strict set and React's rules of hooks; layout is prettier's job. */
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'node_modules'] },
  ...tseslint.configs.strict,
  reactHooks.configs.flat.recommended,
);
