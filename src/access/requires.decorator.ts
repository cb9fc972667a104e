import { SetMetadata } from '@nestjs/common';
import type { Permission } from './permissions.js';

export const REQUIRES = 'lifeboat:requires';
export const PUBLIC = 'lifeboat:public';

/** What a caller must be allowed to call this operation, through whichever door. */
export const Requires = (permission: Permission): MethodDecorator => SetMetadata(REQUIRES, permission);

/** For the few operations that answer to anyone: they hold no data. */
export const Public = (): MethodDecorator => SetMetadata(PUBLIC, true);
