# Twin of reject/c1-padding-ends-the-function.s, without the fault.
function f
        ret
        ud2
end f
