import { Injectable } from '@nestjs/common';
import { Authenticator, type Caller } from '../api/caller.js';
import { UnauthenticatedError } from './access.errors.js';
import { ApiKeysService } from './api-keys.service.js';
import { bearerIn } from './key-format.rules.js';
import { permissionsOfRoles } from './permissions.js';

@Injectable()
export class ApiKeyAuthenticator extends Authenticator {
  constructor(private readonly keys: ApiKeysService) {
    super();
  }

  async authenticate(authorization: string | undefined): Promise<Caller> {
    const bearer = bearerIn(authorization);
    const key = bearer === null ? null : await this.keys.verify(bearer);
    if (!key) throw new UnauthenticatedError();
    return { id: key.id, name: key.name, roles: key.roles, permissions: permissionsOfRoles(key.roles), expiresAt: key.expiresAt };
  }
}
