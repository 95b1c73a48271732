cockpit.locale({"":{"plural-forms":(n)=>n != 1,"language":"de","language-direction":"ltr"},
"Signs of failure":[null,"Anzeichen eines Ausfalls"]});
