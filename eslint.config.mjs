import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'src/database/generated/**', 'coverage/**', '**/*.mjs', '**/*.cjs', 'prisma.config.ts'] },
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    extends: [...tseslint.configs.recommended],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'off', // SWC needs value imports for injected classes
      'no-restricted-properties': [
        'error',
        { property: 'loadFromString', message: 'It reads files named in a kubeconfig while parsing: use parseKubeconfig.' },
        { property: 'loadFromFile', message: 'Use parseKubeconfig.' },
        { property: 'loadFromDefault', message: 'Use parseKubeconfig.' },
      ],
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Named exports only: renaming one place renames all.' }],
    },
  },
  {
    files: ['src/**/*.rules.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'A rule is given the time.' },
        { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'A rule is given the time.' },
      ],
    },
  },
);
