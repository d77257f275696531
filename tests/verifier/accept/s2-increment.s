# Twin of reject/s2-increment.s, without the fault.
function f
        incq %rbp
        ret
end f
