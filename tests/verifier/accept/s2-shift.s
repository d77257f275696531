# Twin of reject/s2-shift.s, without the fault.
function f
        shlq $1, %rbp
        ret
end f
