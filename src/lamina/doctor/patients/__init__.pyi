from lamina.doctor.patients.admission import admit as admit
from lamina.doctor.patients.patient import Patient as Patient
from lamina.doctor.patients.patient import Stay as Stay
