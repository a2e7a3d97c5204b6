/** What is asked of a thing: given by passages that have a sign of it, and by no others. @module */

import { assertEquals } from "@std/assert";
import type { Reading } from "../../../src/mind/knowledge/question.ts";
import { ANSWERS, buildKnowledge, type Knowledge } from "../../../src/mind/knowledge/search.ts";
import type { KnowledgeText } from "../../../src/mind/knowledge/texts.ts";

const from = (...texts: string[]): KnowledgeText[] => texts.map((text) => ({ text, source: "knowledge" }));

/** The passages that answer. */
const answers = (knowledge: Knowledge, question: string, exchanges: Reading["exchanges"] = []) =>
  knowledge.search(knowledge.read(question, exchanges), 5).filter(({ score }) => score >= ANSWERS)
    .map(({ text }) => text);

/** Assert that the best answer to each question is that passage. */
function assertAnswers(knowledge: Knowledge, passages: Readonly<Record<string, string>>): void {
  for (const [question, passage] of Object.entries(passages)) {
    assertEquals(answers(knowledge, question)[0], passage, question);
  }
}

/** Assert that no question has an answer. */
function assertDeclines(knowledge: Knowledge, questions: readonly string[]): void {
  for (const question of questions) assertEquals(answers(knowledge, question), [], question);
}

Deno.test("a date, a founder, a place, a worth or a number is given by a passage that has one, in five languages", () => {
  const knowledge = buildKnowledge(from(
    "Panem is a bakery in Turin. It was founded in 1998 by Anna Rossi, who still runs it.",
    "Panem's email address is hello@panem.example, and its website is www.panem.example.",
    "Panem has 14 employees and two ovens.",
    "Panem delivers to restaurants by bicycle; the holder of a Panem card pays less.",
    "The sourdough belongs to Anna. It was first made in 1951.",
    "Ciabatta is a flat bread that is made with oil. Its price is on the board.",
  ));
  const first = (question: string) => answers(knowledge, question)[0];
  const known = {
    "When was Panem founded?": "Panem is",
    "Who founded Panem?": "Panem is",
    "founder of Panem": "Panem is",
    "Where is Panem?": "Panem is",
    "How old is the sourdough?": "The sourdough",
    "Who does the sourdough belong to?": "The sourdough",
    "email address of Panem": "Panem's email",
    "How many employees does Panem have?": "Panem has",
    "number of employees of Panem": "Panem has",
    "Chi ha fondato Panem?": "Panem is",
    "Quanti dipendenti ha Panem?": "Panem has",
    "Quand Panem a-t-elle été fondée ?": "Panem is",
    "Combien d'employés a Panem ?": "Panem has",
    "¿Cuándo se fundó Panem?": "Panem is",
    "¿Dónde está Panem?": "Panem is",
    "Wann wurde Panem gegründet?": "Panem is",
    "Wie viele Mitarbeiter hat Panem?": "Panem has",
  };
  for (const [question, start] of Object.entries(known)) {
    assertEquals(first(question)?.startsWith(start), true, question);
  }
  const unknown = [
    "When was Ciabatta invented?",
    "Who invented Ciabatta?",
    "share price of Panem",
    "Panem share price",
    "market cap of Panem",
    "Who owns Panem?",
    "Who owns the restaurants?",
    "Where is Ciabatta based?",
    "How old is Ciabatta?",
    "How many restaurants are there?",
    "number of customers of Panem",
    "What is the address of Ciabatta?",
    "Chi ha inventato Ciabatta?",
    "In che anno è nata Ciabatta?",
    "Quanto vale Panem?",
    "Qui a inventé la Ciabatta ?",
    "Combien de restaurants y a-t-il ?",
    "¿Quién inventó la Ciabatta?",
    "capitalización de Panem",
    "Wer hat Ciabatta erfunden?",
    "Aktienkurs von Panem",
    "Wem gehört Panem?",
  ];
  for (const question of unknown) assertEquals(first(question), undefined, question);
});

Deno.test("where something is, is told by a passage that names a place, in five languages", () => {
  const places = {
    "Where is the Clock Tower?": "The Clock Tower stands on the market square. It strikes every hour.",
    "Where can I find the Town Hall?": "Town Hall opens at nine. It is next to the bank.",
    "Where's the Old Mill?": "The Old Mill grinds rye for the bakers. You find it at 5 Water Lane.",
    "Where is Anna Bell?": "Anna Bell lives in Turin. She likes tea.",
    "Where is the fountain?": "The fountain stands behind the church.",
    "Where can I find the faucet?": "Free tokens come from the faucet on the Sepolia network.",
    "Dov'è la Torre Rossa?": "La Torre Rossa si trova vicino al porto. Ha tre piani.",
    "Où est la Tour Verte ?": "La Tour Verte est derrière la gare. Elle a trois étages.",
    "¿Dónde está la Torre Blanca?": "La Torre Blanca está cerca del mercado. Tiene tres pisos.",
    "Wo steht der Blaue Turm?": "Der Blaue Turm steht neben der Kirche. Er ist hoch.",
  };
  const street = "The library is located in Mill Street.";
  const knowledge = buildKnowledge(from(...Object.values(places), street));
  assertAnswers(knowledge, places);
  const placeless = buildKnowledge(from(
    "The Clock Tower was built by the guild of smiths. It strikes every hour.",
    "Town Hall opens at nine and closes at five.",
    "The Old Mill grinds rye for the bakers.",
    "Anna Bell is the mayor. She likes tea.",
    "The fountain does not run on Sundays.",
    "The faucet gives free tokens.",
    "La Torre Rossa ha tre finestre.",
    "La Tour Verte a trois portes.",
    "La Torre Blanca tiene tres puertas.",
    "Der Blaue Turm hat drei Fenster.",
    street,
  ));
  assertDeclines(placeless, Object.keys(places));
});

Deno.test("a city or a country is told by a passage that names one for the thing, in five languages", () => {
  const trams = "The city has many trams, and the country fair is in May.";
  const placed = {
    "Which city is the bakery in?": "The bakery is in Turin and makes bread.",
    "In which country is the mill?": "The mill stands by a river in Norway.",
    "What country does the coffee come from?": "The coffee comes from Ethiopia.",
    "In quale città si trova il negozio?": "Il negozio si trova a Torino.",
    "Dans quelle ville est le musée ?": "Le musée est à Lyon, dans une vieille maison.",
    "¿En qué ciudad está el almacén?": "El almacén está en Sevilla.",
    "In welcher Stadt ist das Kino?": "Das Kino ist in Freiburg.",
  };
  const knowledge = buildKnowledge(from(trams, ...Object.values(placed)));
  assertAnswers(knowledge, placed);
  assertEquals(answers(knowledge, "Which city has many trams?")[0], trams);
  const unplaced = buildKnowledge(from(
    trams,
    "The bakery makes bread.",
    "The mill stands by a river.",
    "The coffee is roasted in the cellar.",
    "Il negozio è grande, e la città è antica.",
    "Le musée est vieux, et la ville aussi.",
    "El almacén es nuevo. La ciudad es grande.",
    "Das Kino ist alt. Die Stadt ist groß.",
  ));
  assertDeclines(unplaced, Object.keys(placed));
});

Deno.test("what something of a longer name costs is told by a passage with a price for it, in five languages", () => {
  const cake = "The chocolate cake contains nuts and flour. It serves eight people.";
  const others = ["Gift cards are valid for one year.", "Rye bread costs three ducats. White bread is cheaper."];
  const questions = [
    "What does the chocolate cake cost?",
    "How much does the chocolate cake cost?",
    "How much is the chocolate cake?",
    "How expensive is the chocolate cake?",
    "What do I pay for the chocolate cake?",
    "chocolate cake price",
    "Quanto costa la chocolate cake?",
    "Combien coûte le chocolate cake ?",
    "¿Cuánto cuesta la chocolate cake?",
    "Was kostet der chocolate cake?",
  ];
  const without = buildKnowledge(from(cake, ...others));
  assertDeclines(without, [...questions, "How much is a gift card?"]);
  assertEquals(answers(without, "How much does rye bread cost?")[0], others[1]);
  for (const price of ["The chocolate cake costs 20 euros.", "The price of the chocolate cake is 20 euros."]) {
    const knowledge = buildKnowledge(from(price, ...others));
    for (const question of questions) assertEquals(answers(knowledge, question)[0], price, question);
  }
  const list = buildKnowledge(from("Cheese cake: 18\nChocolate cake: 20", ...others));
  assertEquals(answers(list, "How much is the chocolate cake?")[0], "Cheese cake: 18\nChocolate cake: 20");
  const shop = buildKnowledge(from("The shop sells postcards and books.", "The hat goes for nine ducats.", "Tea: 2"));
  const ofOneWord = ["How much is a postcard?", "How much is the hat?", "How much is tea?"];
  assertEquals(ofOneWord.map((question) => answers(shop, question)[0]), [
    undefined,
    "The hat goes for nine ducats.",
    "Tea: 2",
  ]);
});

Deno.test("what stands behind a label is given under it", () => {
  const lines = {
    "Address?": "Address: Mill Street 3, Lucca",
    "address please": "Address: Mill Street 3, Lucca",
    "What's the phone number?": "Phone: 0583 123456",
    "When was it founded?": "Founded: 1998",
    "Who owns it?": "Owner: Anna Rossi",
    "How many employees are there?": "Employees: 14",
    "How much is a ticket?": "Price of a ticket: 12 euros",
    "What are your opening hours?": "Opening hours: 9 to 17",
    "Name?": "Name: Panem",
  };
  const knowledge = buildKnowledge(from(...new Set(Object.values(lines))));
  for (const [question, line] of Object.entries(lines)) assertEquals(answers(knowledge, question)[0], line, question);
  const list = "- Address: Bridge Street 9, Venice\n- Phone: 041 5550\n- Owner: Ugo Foscolo\n- Employees: 3";
  const rialto = buildKnowledge(from(`# Rialto\n\n${list}`, "Cheese is made of milk."));
  for (const question of ["Rialto's address", "phone number of Rialto", "Who owns Rialto?"]) {
    assertEquals(answers(rialto, question)[0], list, question);
  }
  for (const question of ["When was Rialto founded?", "Who founded Rialto?", "How old is Rialto?"]) {
    assertEquals(answers(rialto, question)[0], undefined, question);
  }
});

Deno.test("an email address is what stands behind Email, and telephones, prices and measures count nothing", () => {
  const email = "Email: hr@gauges.example", address = "Address: Kungsgatan 12, Uppsala";
  const shops = "Our shops are in Graz and Linz. Call +43 1 555 010 or 0316 555 020.";
  const german = "Adresse: Marktplatz 3, Leipzig. Das Haus ist rot.";
  const knowledge = buildKnowledge(
    from(
      email,
      address,
      shops,
      german,
      "Gauges come in two sizes.",
      "Telefono: 0577 555 010",
      "Téléphone : 01 55 50 10 20",
    ),
  );
  const known = {
    "What is the email address?": email,
    "email address?": email,
    "What is your e-mail address?": email,
    "Qual è l'indirizzo email?": email,
    "What is the address?": address,
    "How many sizes are there?": "Gauges come in two sizes.",
    "Wie lautet die Adresse?": german,
    "Qual è il numero di telefono?": "Telefono: 0577 555 010",
    "Quel est le numéro de téléphone ?": "Téléphone : 01 55 50 10 20",
    "¿Cuál es el número de teléfono?": "Telefono: 0577 555 010",
  };
  assertAnswers(knowledge, known);
  const rooms = "Single room: 80 €, 16 m²\nDouble room: 120 €, 24 m², 2 km from here";
  assertEquals(answers(buildKnowledge(from(rooms)), "How many rooms are there?"), []);
  assertEquals(answers(buildKnowledge(from(`${rooms}\nWe have 12 rooms.`)), "How many rooms are there?").length, 1);
  assertDeclines(knowledge, ["How many shops are there?", "How many shops do you have?"]);
});

Deno.test("whom to ask for help is told by a passage with a way to reach somebody, in five languages", () => {
  const letters =
    "Web3Mail sends letters to people whose address nobody knows: the sender may contact them once a day.";
  const others = [
    "The customer pays for each service.",
    "A call for bread is called an order.",
    letters,
    "Rye is a grain.",
  ];
  const questions = [
    "How can I reach customer service?",
    "Who can I call for help?",
    "Can I talk to a human?",
    "Come contatto il servizio clienti?",
    "Comment contacter le support ?",
    "¿Puedo hablar con una persona?",
    "Wie erreiche ich den Support?",
  ];
  const without = buildKnowledge(from(...others));
  assertDeclines(without, questions);
  const service = "Customer service answers at +39 011 555 0101.",
    clienti = "Il servizio clienti risponde a aiuto@panem.example.";
  const knowledge = buildKnowledge(from(...others, service, clienti));
  assertEquals(answers(knowledge, "How can I reach customer service?")[0], service);
  assertEquals(answers(knowledge, "Come contatto il servizio clienti?")[0], clienti);
  // Whom a thing reaches is no question for help.
  for (const question of ["Who can I contact with Web3Mail?", "Chi posso contattare con Web3Mail?"]) {
    assertEquals(knowledge.read(question).parts.map(({ kind }) => kind), [undefined], question);
  }
});

Deno.test("when and where alone ask it of what was asked before, and nothing of the date or place of another thing", () => {
  const founded = "Anna Rossi founded the bakery in Turin in 1998.",
    oven = "The oven of the bakery was made in Milan in 2010.";
  const knowledge = buildKnowledge(from(founded, oven, "Rye bread is dark."));
  const after = (before: string, question: string) => answers(knowledge, question, [{ question: before }])[0];
  assertEquals([after("Who founded the bakery?", "And when?"), after("Who founded the bakery?", "Where?")], [
    founded,
    founded,
  ]);
  for (const question of ["And when?", "Where?"]) {
    assertEquals(after("Who designed rye bread?", question), undefined, question);
    assertEquals(after("Who robbed the bakery?", question), undefined, question);
  }
});

Deno.test("a name of two words is one thing: what is asked of it is not answered by whatever has the name", () => {
  const founded = "Anna Rossi founded the bakery in 1998.", hall = "The Blue Hall shows paintings by Elena Marchi.";
  const knowledge = buildKnowledge(from(
    founded,
    hall,
    "The bakery has four employees.",
    "Elena Marchi died in 1987.",
    "The museum is closed on Mondays.",
    "A ticket costs 12 euros.",
  ));
  const unknown = [
    "Does Anna Rossi have children?",
    "Does Anna Rossi like dogs?",
    "What colour is the Blue Hall?",
    "Anna Rossi ha figli?",
    "Anna Rossi a-t-elle des enfants ?",
    "¿Tiene hijos Anna Rossi?",
    "Hat Anna Rossi Kinder?",
    "Anna Rossi 有孩子吗？",
  ];
  assertDeclines(knowledge, unknown);
  const known = {
    "What did Anna Rossi found?": founded,
    "Who is Anna Rossi?": founded,
    "What does Anna Rossi do?": founded,
    "Is there a painting in the Blue Hall?": hall,
    "What does the Blue Hall show?": hall,
  };
  assertAnswers(knowledge, known);
});

Deno.test("how old something is, is told by when it came into being, and not by what it did in a year", () => {
  const ages = {
    en: ["Anna Rossi founded the bakery in 1998.", "How old is Anna Rossi?", "How old is the bakery?"],
    it: ["Anna Rossi ha fondato il panificio nel 1998.", "Quanti anni ha Anna Rossi?", "Quanti anni ha il panificio?"],
    fr: ["Anna Rossi a fondé la boulangerie en 1998.", "Quel âge a Anna Rossi ?", "Quel âge a la boulangerie ?"],
    es: [
      "Anna Rossi fundó la panadería en 1998.",
      "¿Cuántos años tiene Anna Rossi?",
      "¿Cuántos años tiene la panadería?",
    ],
    de: ["Anna Rossi hat 1998 die Bäckerei gegründet.", "Wie alt ist Anna Rossi?", "Wie alt ist die Bäckerei?"],
  };
  for (const [founded, ofMaker, ofMade] of Object.values(ages)) {
    const knowledge = buildKnowledge(from(founded!, "Rye 12."));
    assertEquals([answers(knowledge, ofMaker!), answers(knowledge, ofMade!)], [[], [founded]], founded);
  }
  const acme = "Acme is a company in Berlin. It was founded in 2012 by Jo Weber.";
  const known = {
    "How old is Acme?": acme,
    "Wie alt ist Acme?": acme,
    "How old is Mara Verdi?": "Mara Verdi was born in Rome in 1970.",
    "Mara Verdi's age": "Mara Verdi was born in Rome in 1970.",
    "How old is Luca?": "Luca is 43 years old.",
    "How old is the castle?": "The castle dates from the 13th century.",
    "How old is the shop?": "The shop opened in 2003.",
    "Quanti anni ha il mulino?": "Il mulino risale al XV secolo.",
  };
  const knowledge = buildKnowledge(
    from(...new Set(Object.values(known)), "Jo Weber won a race in 2001.", "Marco joined in 2004."),
  );
  assertAnswers(knowledge, known);
  assertDeclines(knowledge, [
    "How old is Jo Weber?",
    "How old is Marco?",
    "What is Marco's age?",
    "Quel âge a Marco ?",
  ]);
});

Deno.test("what one sentence says with its sign is no chance, however common the word of the thing is", () => {
  const meal = "The canteen serves lunch at noon. A meal costs 6 euros.";
  const library = "The library has 64000 books and 300 films. Its head is Petra Vogel.";
  const room = "The reading room has no books and no films, and meals are forbidden. The office closes at two.";
  const family = "Gruen is a family business, run by Eva and Max Gruber since 1988.";
  const knowledge = buildKnowledge(from(
    meal,
    "Meals are cooked by Anna. A good meal takes time.",
    library,
    "Books are lent for four weeks, films for one week.",
    room,
    family,
    "Gruen sells seeds. Gruen has a blog on films.",
    "The office of Gruen is locked at night.",
  ));
  const known = {
    "How much is a meal?": meal,
    "How many films are there?": library,
    "How old is Gruen?": family,
    "Since when does Gruen exist?": family,
    "When does the office close?": room,
  };
  assertAnswers(knowledge, known);
  assertDeclines(knowledge, [
    "How much is a book?",
    "How much is a film?",
    "How many meals are there?",
    "Where is the office?",
  ]);
});

Deno.test("how many there are is told by a number of them, and by no year, hour or coin", () => {
  const ovens = "The oven was bought in 2010 from a factory in Turin.";
  const knowledge = buildKnowledge(from(
    "Anna Rossi works with her brother Marco, who joined in 2004.",
    ovens,
    "Cakes must be ordered two days ahead.",
    "Un forno costa 900 euro.",
    "The club has 2000 members.",
    "The bakery has four employees.",
    "Delivery takes three working days.",
  ));
  const unknown = [
    "How many brothers does Anna Rossi have?",
    "How many ovens are there?",
    "How many cakes do you sell a day?",
    "Quanti forni ci sono?",
    "How many factories are there in Turin?",
  ];
  assertDeclines(knowledge, unknown);
  const known = {
    "How many members does the club have?": "The club has 2000 members.",
    "How many employees does the bakery have?": "The bakery has four employees.",
    "How many days ahead must cakes be ordered?": "Cakes must be ordered two days ahead.",
    "How many working days does delivery take?": "Delivery takes three working days.",
    "Quanti euro costa un forno?": "Un forno costa 900 euro.",
    "How many days does delivery take?": "Delivery takes three working days.",
  };
  assertAnswers(knowledge, known);
});

Deno.test("a price, an owner or a number of it is that of what was spoken of, in its question or its answer", () => {
  const oven = "The oven was built in 2010 in Turin.", bread = "Bread costs two ducats.", mill = "The mill grinds rye.";
  const flour = "Flour comes from the mill.", four = "The bakery has four employees.", owner = "Anna owns the bakery.";
  const knowledge = buildKnowledge(from(oven, bread, mill, flour, four, owner));
  const after = (question: string, ...before: [question: string, answer?: string][]) =>
    answers(knowledge, question, before.map(([question, answer]) => ({ question, ...(answer && { answer }) })))[0];
  const costs = [
    "How much did it cost?",
    "How much is it?",
    "Price?",
    "Was kostet er?",
    "Quanto costa?",
    "Combien coûte-t-il ?",
    "¿Cuánto cuesta?",
  ];
  for (const question of costs) {
    assertEquals(after(question, ["Tell me about the oven", oven]), undefined, question);
    assertEquals(after(question, ["What is rye?"], ["And the oven?", oven]), undefined, question);
  }
  assertEquals(after("How much does it cost?", ["Tell me about bread", bread]), bread);
  assertEquals(after("How much does it cost?", ["What do you sell?", bread]), bread);
  assertEquals(after("When was it built?", ["Tell me about the mill", mill]), undefined);
  assertEquals(after("When was it built?", ["Tell me about the mill", mill], ["And the oven?", oven]), oven);
  assertEquals(after("How many employees does it have?", ["Tell me about the oven", oven]), undefined);
  assertEquals(after("How many employees are there?", ["Tell me about the oven", oven]), four);
  assertEquals(after("How many employees does it have?", ["Who owns the bakery?", owner]), four);
  const declined = { question: "Who built the mill?", answer: "I don't know. Ask me about bread.", isDeclined: true };
  assertEquals(answers(knowledge, "How much did it cost?", [declined]), []);
});

Deno.test("it is not what shares a word with what was spoken of that every other passage has", () => {
  const parking = "Employees park behind hall 3. Visitors use the spaces by the gate.";
  const card = "A parking card costs 9 euros a month.";
  const others = [
    "Employees pay 5 euros for a lunch.",
    "Every new employee gets a badge; a lost one costs 15 euros.",
    "Employees have 28 days of holiday.",
    "The firm has 120 employees.",
  ];
  const after = (texts: string[]) =>
    answers(buildKnowledge(from(parking, ...others, ...texts)), "And how much does it cost?", [
      { question: "Where do visitors park?", answer: parking },
    ]);
  assertEquals(after([]), []);
  assertEquals(after([card]), [card]);
});

Deno.test("what is asked of him or her, or of what is its own, is that of whom was spoken of", () => {
  const lab = "Ingrid Berg leads the calibration lab. She joined in 2003.";
  const officer = "Tomas Falk is the safety officer. He can be reached at extension 4112.";
  const contacts = "Email: hr@gauges.example\nPhone number: +46 18 555 01 20\nHobby room: extension 4040";
  const german = "Die Telefonnummer ist 0341 555010. Das Haus ist alt.";
  const italian = "Il numero di telefono è 0577 555 010.";
  const knowledge = buildKnowledge(from(lab, officer, contacts, german, italian, "Anna Rossi has a dog and a boat."));
  const after = (question: string, ...before: [question: string, answer: string]) =>
    answers(knowledge, question, [{ question: before[0], answer: before[1] }])[0];
  assertEquals(after("What is her email?", "Who is Ingrid Berg?", lab), undefined);
  assertEquals(after("What is his phone number?", "Who is the safety officer?", officer), undefined);
  assertEquals(after("Does he have a dog?", "Who is Tomas Falk?", officer), undefined);
  assertEquals(after("Wie ist seine Telefonnummer?", "Wer ist Tomas Falk?", officer), undefined);
  assertEquals(after("Qual è il suo numero di telefono?", "Chi è Tomas Falk?", officer), undefined);
  assertEquals(after("How can he be reached?", "Who is Tomas Falk?", officer), officer);
  assertEquals(after("When did she join?", "Who leads the calibration lab?", lab), lab);
  assertEquals(after("Does she have a dog?", "Who is Anna Rossi?", ""), "Anna Rossi has a dog and a boat.");
  assertEquals(answers(knowledge, "What is the email?")[0], contacts);
});

Deno.test("whose something is, is told in whichever words, and a year that nobody knows is asked for in vain", () => {
  const mill = "The mill belongs to Piero Sala.", prize = "The bakery won the prize of the city in 2015.";
  const knowledge = buildKnowledge(from(
    mill,
    prize,
    "The bakery has four employees.",
    "Flour comes from the mill.",
    "Rye bread has no sugar.",
  ));
  const known = {
    "Who owns the mill?": mill,
    "Who is the owner of the mill?": mill,
    "Who does the mill belong to?": mill,
    "Who won the prize in 2015?": prize,
    "Who won the prize?": prize,
  };
  assertAnswers(knowledge, known);
  const unknown = [
    "Who owns the bakery?",
    "Who won the prize in 2016?",
    "How many employees did the bakery have in 2005?",
  ];
  assertDeclines(knowledge, unknown);
});

Deno.test("at what time something is, is told by whatever tells when, in five languages", () => {
  const breakfast = {
    "What time is breakfast?": "Breakfast is served from seven to ten in the dining room.",
    "At what time is breakfast?": "Breakfast is served from seven to ten in the dining room.",
    "A che ora è la colazione?": "La colazione è servita dalle sette alle dieci.",
    "À quelle heure est le petit déjeuner ?": "Le petit déjeuner est servi de sept à dix heures.",
    "¿A qué hora es el desayuno?": "El desayuno se sirve de siete a diez.",
    "Um wie viel Uhr ist das Frühstück?": "Das Frühstück gibt es von sieben bis zehn.",
  };
  const knowledge = buildKnowledge(from(...new Set(Object.values(breakfast)), "The lake is deep.", "Dogs bark."));
  assertAnswers(knowledge, breakfast);
  assertDeclines(knowledge, ["When is dinner?", "What time is it?", "At what time is dinner?", "A che ora è la cena?"]);
});

Deno.test("a time of the day is no count and no price, and a month is no place", () => {
  const rooms = "The hotel has 24 rooms.", prices = "A double room costs 90 euros a night; a single room costs 60.";
  const knowledge = buildKnowledge(from(
    rooms,
    prices,
    "Breakfast is served from seven to ten.",
    "The pool is open from May to September.",
    "The sauna is in Como.",
    "Check-in is from 15:00, check-out until 11:00.",
    "The team grew to 14 people.",
  ));
  const known = {
    "How many rooms does the hotel have?": rooms,
    "How many people are in the team?": "The team grew to 14 people.",
    "How much is a single room?": prices,
    "Where is the sauna?": "The sauna is in Como.",
    "When is the pool open?": "The pool is open from May to September.",
  };
  assertAnswers(knowledge, known);
  const unknown = [
    "How many single rooms are there?",
    "How much is breakfast?",
    "How many breakfasts are there?",
    "How much is check-in?",
    "Where is the pool?",
  ];
  assertDeclines(knowledge, unknown);
});
