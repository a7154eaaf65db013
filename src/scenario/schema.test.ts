import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "chai";
import directorSchema from "./director.schema.json" with { type: "json" };
import scenarioSchema from "./scenario.schema.json" with { type: "json" };
import setupSchema from "./setup.schema.json" with { type: "json" };

describe("the schemas of files", () => {
  for (const [name, schema] of Object.entries({ directorSchema, scenarioSchema, setupSchema })) {
    it(`keep to JSON Schema, which nobody checks any more where they are used: ${name}`, () => {
      const ajv = new Ajv2020();
      expect(ajv.validateSchema(schema), JSON.stringify(ajv.errors)).to.equal(true);
    });
  }
});
