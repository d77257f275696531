# Twin of reject/s2-implicit-multiply-source.s, without the fault.
function f
        mulq %rbp
        ret
end f
