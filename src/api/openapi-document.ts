import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { problemView } from './problem.js';

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
  const { $defs, ...json } = z.toJSONSchema(schema, {
    io: schemaType,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern; // the format says it, shorter
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum; // that much is said of every integer
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (schemaType === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties; // answers may grow
    },
  }) as Record<string, unknown> & { readonly $defs?: Readonly<Record<string, object>> };
  return { schema: bare(json), components: Object.fromEntries(Object.entries($defs ?? {}).map(([name, definition]) => [name, bare(definition)])) };
}

function bare(json: object): object {
  return Object.fromEntries(Object.entries(json).filter(([key]) => key !== 'id' && key !== '$schema'));
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
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: convert,
    operationIdFactory: (_controller, method) => method,
    autoTagControllers: false,
  });
  const problem = convert(problemView, { schemaType: 'output' })?.components;
  Object.assign((document.components ??= {}).schemas ??= {}, problem);
  return document;
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
