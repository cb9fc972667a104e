import { Args, ID } from '@nestjs/graphql';
import { ArgPipe } from './input.pipe.js';
import { id } from './schemas.js';

/** `@IdArg() id: string`: the argument `id` of a GraphQL field, a UUID. */
export const IdArg = (name = 'id'): ParameterDecorator => Args(name, { type: () => ID }, new ArgPipe(id));
