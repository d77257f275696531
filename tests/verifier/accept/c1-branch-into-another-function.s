# Twin of reject/c1-branch-into-another-function.s, without the fault.
function f
        je g
        ret
end f
function g
        nop
1:      ret
end g
