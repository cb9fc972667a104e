import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';

const DESCRIPTION = `Disaster recovery for fleets of clusters run by Red Hat Advanced Cluster Management hubs.

**Keys.** Every call but \`/livez\` and \`/readyz\` needs \`Authorization: Bearer lfb_…\`.

**Acting** calls (marked by the header \`Idempotency-Key\`) have one effect per key: the same key with the same body gets the first answer again,
with \`Idempotent-Replayed: true\`, for seven days. UUIDs and ticket numbers are welcome.

**Changing** what has a version needs \`If-Match\` with the ETag that was read.

**Lists** are paged by \`cursor\`; \`page.nextCursor\` leads on.

**Failures** are RFC 9457 problems; branch on \`code\`. New fields may appear in answers at any time; unknown fields in requests are refused.`;

interface Converted {
  readonly schema: unknown;
  readonly components?: Record<string, object>;
}

/** zod as JSON Schema 2020-12, which is what OpenAPI 3.1 speaks; schemas with `meta({ id })` become components. */
function convert(schema: unknown, { schemaType }: { schemaType: 'input' | 'output' }): Converted | undefined {
  if (!(schema instanceof z.ZodType)) return undefined;
  const { $defs, $schema: _, ...json } = z.toJSONSchema(schema, { io: schemaType, target: 'draft-2020-12', unrepresentable: 'any' }) as Record<string, unknown> & { $defs?: Record<string, object> };
  const components = Object.fromEntries(Object.entries($defs ?? {}).map(([name, definition]) => [name, withoutId(definition)]));
  const id = schema.meta()?.id;
  if (!id) return { schema: withoutId(json), components };
  return { schema: { $ref: `#/components/schemas/${id}` }, components: { ...components, [id]: withoutId(json) } };
}

function withoutId(json: object): object {
  return Object.fromEntries(Object.entries(json).filter(([key]) => key !== 'id' && key !== '$id' && key !== '$schema'));
}

/** The OpenAPI 3.1 description of what the application serves; needs no database, not even a started application. */
export function openApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.1')
    .setTitle('Lifeboat')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .addServer('/')
    .addSecurity('key', { type: 'http', scheme: 'bearer', description: 'An API key: `lfb_…`' })
    .addSecurityRequirements('key')
    .build();
  return SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: convert,
    operationIdFactory: (_controller, method) => method,
    autoTagControllers: false,
  });
}

/** Swagger UI at /docs, from our own files, and the document at /openapi.json. Both are made when first asked for, and hold no data. */
export function serveApiDocs(app: INestApplication, version: string): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app, version), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Lifeboat API',
    swaggerOptions: { tryItOutEnabled: true, displayRequestDuration: true, docExpansion: 'list', defaultModelsExpandDepth: 0 },
  });
}
