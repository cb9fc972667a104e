import 'reflect-metadata';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describeDoors } from './doors.js';

// Writes what both doors offer to openapi/, where people review it and clients are made from it.
const root = new URL('../', import.meta.url);
mkdirSync(new URL('openapi/', root), { recursive: true });
for (const [path, text] of Object.entries(await describeDoors())) writeFileSync(new URL(path, root), text);
