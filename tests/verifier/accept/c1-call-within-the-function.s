# Twin of reject/c1-call-within-the-function.s, without the fault.
function f
        call f
1:      ret
end f
